{{- /* Where traces go, for the operator and for its workers. */ -}}

{{- define "durable-agents.tracingVariables" -}}
{{- $directory := include "durable-agents.secretsDirectory" . -}}
{{- with .Values.tracing }}{{ if .endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ .endpoint | quote }}
{{- with .headersSecretRef }}{{ if .name }}
- name: DURABLE_AGENTS_OTLP_HEADERS_FILE
  value: {{ printf "%s/%s/%s" $directory .name .key | quote }}
- name: DURABLE_AGENTS_OTLP_HEADERS_SECRET
  value: {{ printf "%s/%s" .name .key | quote }}
{{- end }}{{ end }}
{{- if lt (float64 .sampleRatio) 1.0 }}
- name: OTEL_TRACES_SAMPLER
  value: parentbased_traceidratio
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ .sampleRatio | quote }}
{{- end }}
{{- if .captureMessageContent }}
- name: OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT
  value: "true"
{{- end }}
{{- end }}{{ end }}
{{- end }}

{{- /* Source of a projected volume; empty when the collector wants no headers. */ -}}
{{- define "durable-agents.tracingSecrets" -}}
{{- if .Values.tracing.endpoint }}{{ with .Values.tracing.headersSecretRef }}{{ if .name }}
- secret:
    name: {{ .name | quote }}
    optional: true
    items:
      - {key: {{ .key | quote }}, path: {{ printf "%s/%s" .name .key | quote }}}
{{- end }}{{ end }}{{ end }}
{{- end }}
