{{- /* What the default ModelProvider points at. */ -}}

{{- /* Whether it is the stand-in: empty if not. */ -}}
{{- define "durable-agents.standin" -}}
{{- if and .Values.dev.enabled (not .Values.defaults.modelProvider.url) }}yes{{ end }}
{{- end }}

{{- define "durable-agents.providerUrl" -}}
{{- if include "durable-agents.standin" . -}}
http://{{ include "durable-agents.name" . }}-mistral.{{ .Release.Namespace }}.svc:8080
{{- else -}}
{{ .Values.defaults.modelProvider.url | default "https://api.mistral.ai" }}
{{- end }}
{{- end }}
