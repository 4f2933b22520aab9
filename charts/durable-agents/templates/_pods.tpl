{{- /* Parts of pods. */ -}}

{{- /* The image and its pull policy: (list $ .Values.image). */ -}}
{{- define "durable-agents.image" -}}
{{- $root := index . 0 }}{{ $image := index . 1 -}}
{{- $registry := $root.Values.imageRegistry -}}
{{- $name := ternary (printf "%s/%s" $registry $image.repository) $image.repository (ne $registry "") -}}
{{- if $image.digest -}}
image: {{ printf "%s@%s" $name $image.digest | quote }}
{{- else -}}
image: {{ printf "%s:%s" $name ($image.tag | default $root.Chart.AppVersion) | quote }}
{{- end }}
{{- with $image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- end }}

{{- /* Which nodes a pod may run on: what has nodeSelector and tolerations. */ -}}
{{- define "durable-agents.nodes" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "durable-agents.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "durable-agents.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}
