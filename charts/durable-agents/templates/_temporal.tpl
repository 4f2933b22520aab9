{{- /* How the operator gets to Temporal, and what it tells its workers of it. */ -}}

{{- define "durable-agents.secretsDirectory" -}}
/var/run/secrets/durable-agents.dev
{{- end }}

{{- define "durable-agents.temporalAddress" -}}
{{- if .Values.dev.enabled }}{{ include "durable-agents.name" . }}-temporal.{{ .Release.Namespace }}.svc:7233
{{- else }}{{ .Values.temporal.address }}
{{- end }}
{{- end }}

{{- define "durable-agents.temporalVariables" -}}
{{- $directory := include "durable-agents.secretsDirectory" . -}}
- name: TEMPORAL_ADDRESS
  value: {{ include "durable-agents.temporalAddress" . | quote }}
- name: TEMPORAL_NAMESPACE
  value: {{ .Values.temporal.namespace | quote }}
{{- with .Values.temporal.tls }}
{{- if .enabled }}
- name: TEMPORAL_TLS
  value: "true"
{{- end }}
{{- with .serverName }}
- name: TEMPORAL_TLS_SERVER_NAME
  value: {{ . | quote }}
{{- end }}
{{- with .caSecretRef }}{{ if .name }}
- name: TEMPORAL_TLS_SERVER_CA_CERT_PATH
  value: {{ printf "%s/%s/%s" $directory .name .key | quote }}
- name: DURABLE_AGENTS_TEMPORAL_CA_SECRET
  value: {{ printf "%s/%s" .name .key | quote }}
{{- end }}{{ end }}
{{- with .clientSecretRef.name }}
- name: TEMPORAL_TLS_CLIENT_CERT_PATH
  value: {{ printf "%s/%s/tls.crt" $directory . | quote }}
- name: TEMPORAL_TLS_CLIENT_KEY_PATH
  value: {{ printf "%s/%s/tls.key" $directory . | quote }}
- name: DURABLE_AGENTS_TEMPORAL_CLIENT_CERT_SECRET
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- with .Values.temporal.apiKeySecretRef }}{{ if .name }}
- name: DURABLE_AGENTS_TEMPORAL_API_KEY_FILE
  value: {{ printf "%s/%s/%s" $directory .name .key | quote }}
- name: DURABLE_AGENTS_TEMPORAL_API_KEY_SECRET
  value: {{ printf "%s/%s" .name .key | quote }}
{{- end }}{{ end }}
{{- end }}

{{- /* Sources of a projected volume; empty when the connection needs no Secret. */ -}}
{{- define "durable-agents.temporalSecrets" -}}
{{- with .Values.temporal.tls.caSecretRef }}{{ if .name }}
- secret:
    name: {{ .name | quote }}
    items: [{key: {{ .key | quote }}, path: {{ printf "%s/%s" .name .key | quote }}}]
{{- end }}{{ end }}
{{- with .Values.temporal.tls.clientSecretRef.name }}
- secret:
    name: {{ . | quote }}
    items:
      - {key: tls.crt, path: {{ printf "%s/tls.crt" . | quote }}}
      - {key: tls.key, path: {{ printf "%s/tls.key" . | quote }}}
{{- end }}
{{- with .Values.temporal.apiKeySecretRef }}{{ if .name }}
- secret:
    name: {{ .name | quote }}
    items: [{key: {{ .key | quote }}, path: {{ printf "%s/%s" .name .key | quote }}}]
{{- end }}{{ end }}
{{- end }}
