{{- /* What would go wrong later: a chart that fails here has changed nothing. */ -}}
{{- define "durable-agents.check" -}}
{{- include "durable-agents.checkValues" . }}
{{- include "durable-agents.checkProviders" . }}
{{- include "durable-agents.checkInstalls" . }}
{{- end }}

{{- /* What values.schema.json cannot say: which values exclude or need each other. */ -}}
{{- define "durable-agents.checkValues" -}}
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
{{- $store := .Values.payloads.store }}
{{- if and (not $store.url) (or $store.endpoint $store.region $store.secretRef.name) }}
  {{- fail "payloads.store has settings but no url: set payloads.store.url=s3://BUCKET, or leave them out" }}
{{- end }}
{{- with .Values.tracing }}
  {{- if and (not .endpoint) (or .headersSecretRef.name .captureMessageContent) }}
    {{- fail "tracing has settings but no endpoint: set tracing.endpoint=http://COLLECTOR:4318, or leave them out" }}
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
{{- range $label, $_ := .Values.operator.podLabels }}
  {{- if hasKey (include "durable-agents.podLabels" (list $ "operator") | fromYaml) $label }}
    {{- fail (printf "operator.podLabels has %s, which the chart sets: leave it out" $label) }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* The url of a ModelProvider is frozen. Without a cluster, as in `helm template`, nothing is found. */ -}}
{{- define "durable-agents.checkProviders" -}}
{{- if .Capabilities.APIVersions.Has "durable-agents.dev/v1alpha1/ModelProvider" }}
  {{- $url := include "durable-agents.providerUrl" . }}
  {{- range .Values.defaults.namespaces }}
    {{- $there := lookup "durable-agents.dev/v1alpha1" "ModelProvider" . "default" }}
    {{- if and $there (ne $there.spec.url $url) }}
      {{- fail (printf "the ModelProvider default in namespace %s points at %s, not at %s, and its url is frozen: delete the Agents that use it and then it, or set defaults.modelProvider.url=%s" . $there.spec.url $url $there.spec.url) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Two operators in one namespace would each undo what the other does. An install of which nothing belongs to the
       cluster is made by somebody who need not see other namespaces. */ -}}
{{- define "durable-agents.checkInstalls" -}}
{{- $ours := .Values.watchNamespaces }}
{{- $clusterWide := or (not $ours) .Values.rbac.create .Values.rbac.aggregate .Values.admissionPolicies.enabled }}
{{- range (lookup "apps/v1" "Deployment" (ternary "" .Release.Namespace $clusterWide) "").items }}
  {{- $labels := .metadata.labels | default dict }}
  {{- $isOperator := and (eq (get $labels "app.kubernetes.io/name") $.Chart.Name) (eq (get $labels "app.kubernetes.io/component") "operator") }}
  {{- $release := get $labels "app.kubernetes.io/instance" }}
  {{- $isOurs := and (eq .metadata.namespace $.Release.Namespace) (eq $release $.Release.Name) }}
  {{- if and $isOperator (not $isOurs) }}
    {{- $theirs := list }}
    {{- range (first .spec.template.spec.containers).env }}
      {{- if eq .name "DURABLE_AGENTS_WATCH_NAMESPACES" }}{{ $theirs = splitList "," .value }}{{ end }}
    {{- end }}
    {{- $shared := list }}
    {{- range $ours }}{{ if has . $theirs }}{{ $shared = append $shared . }}{{ end }}{{ end }}
    {{- $other := printf "the release %s in namespace %s" $release .metadata.namespace }}
    {{- if not $theirs }}
      {{- fail (printf "%s serves all namespaces, and two operators in one namespace would undo each other's work: uninstall one, or give each its own watchNamespaces" $other) }}
    {{- else if not $ours }}
      {{- fail (printf "%s serves %s, and this one would serve all namespaces: uninstall one, or set watchNamespaces to others" $other (join ", " $theirs)) }}
    {{- else if $shared }}
      {{- fail (printf "%s serves %s too: take it out of one's watchNamespaces" $other (join ", " $shared)) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
