{{- /* What values.schema.json cannot say: which values exclude or need each other. */ -}}
{{- define "durable-agents.check" -}}
{{- $temporal := .Values.temporal }}{{ $tls := $temporal.tls -}}
{{- if .Values.dev.enabled }}
  {{- if $temporal.address }}
    {{- fail "temporal.address and dev.enabled exclude each other: dev.enabled brings a Temporal server of its own" }}
  {{- end }}
  {{- if or $tls.enabled $temporal.apiKeySecretRef.name }}
    {{- fail "dev.enabled brings a Temporal server without TLS and keys: leave temporal.tls and temporal.apiKeySecretRef as they are" }}
  {{- end }}
  {{- if ne $temporal.namespace "default" }}
    {{- fail "dev.enabled brings a Temporal server whose one namespace is default: leave temporal.namespace as it is" }}
  {{- end }}
{{- else if not $temporal.address }}
  {{- fail "temporal.address is missing: name your Temporal server, as in --set temporal.address=temporal.example.com:7233, or let --set dev.enabled=true bring one for a first try" }}
{{- end }}
{{- if not $tls.enabled }}
  {{- if or $tls.serverName $tls.caSecretRef.name $tls.clientSecretRef.name }}
    {{- fail "temporal.tls has settings but is off: set temporal.tls.enabled=true, or leave them out" }}
  {{- end }}
  {{- if $temporal.apiKeySecretRef.name }}
    {{- fail "temporal.apiKeySecretRef needs temporal.tls.enabled=true: the key would cross the network for all to read" }}
  {{- end }}
{{- end }}
{{- if and (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) }}
  {{- fail "serviceAccount.name is missing: with serviceAccount.create=false, name one that exists" }}
{{- end }}
{{- if .Values.watchNamespaces }}
  {{- range .Values.defaults.namespaces }}
    {{- if not (has . $.Values.watchNamespaces) }}
      {{- fail (printf "defaults.namespaces has %s, which watchNamespaces lacks: nothing there would be served" .) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
