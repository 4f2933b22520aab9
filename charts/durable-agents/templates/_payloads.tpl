{{- /* Where payloads go that are too large for Temporal, for the operator and for its workers. */ -}}

{{- define "durable-agents.payloadVariables" -}}
{{- $directory := include "durable-agents.secretsDirectory" . -}}
{{- with .Values.payloads.store }}
{{- with .url }}
- name: DURABLE_AGENTS_PAYLOAD_STORE
  value: {{ . | quote }}
{{- end }}
{{- with .endpoint }}
- name: DURABLE_AGENTS_PAYLOAD_STORE_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- with .region }}
- name: DURABLE_AGENTS_PAYLOAD_STORE_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .secretRef }}{{ if .name }}
- name: DURABLE_AGENTS_PAYLOAD_STORE_ACCESS_KEY_FILE
  value: {{ printf "%s/%s/%s" $directory .name .accessKeyId | quote }}
- name: DURABLE_AGENTS_PAYLOAD_STORE_SECRET_KEY_FILE
  value: {{ printf "%s/%s/%s" $directory .name .secretAccessKey | quote }}
- name: DURABLE_AGENTS_PAYLOAD_STORE_ACCESS_KEY_SECRET
  value: {{ printf "%s/%s" .name .accessKeyId | quote }}
- name: DURABLE_AGENTS_PAYLOAD_STORE_SECRET_KEY_SECRET
  value: {{ printf "%s/%s" .name .secretAccessKey | quote }}
{{- end }}{{ end }}
{{- end }}
{{- with .Values.payloads.codec }}
- name: DURABLE_AGENTS_PAYLOAD_CODEC
  value: {{ . | quote }}
{{- end }}
{{- end }}

{{- /* Sources of a projected volume; empty when the store needs no Secret. */ -}}
{{- define "durable-agents.payloadSecrets" -}}
{{- with .Values.payloads.store.secretRef }}{{ if .name }}
- secret:
    name: {{ .name | quote }}
    items:
      - {key: {{ .accessKeyId | quote }}, path: {{ printf "%s/%s" .name .accessKeyId | quote }}}
      - {key: {{ .secretAccessKey | quote }}, path: {{ printf "%s/%s" .name .secretAccessKey | quote }}}
{{- end }}{{ end }}
{{- end }}
