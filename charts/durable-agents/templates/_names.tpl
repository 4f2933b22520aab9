{{- /* Names and labels. */ -}}

{{- /* 54 characters at most, so that with a component's name it still is a label of DNS. */ -}}
{{- define "durable-agents.name" -}}
{{- $name := ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name) -}}
{{- $name | replace "." "-" | trunc 54 | trimSuffix "-" }}
{{- end }}

{{- /* Name of what belongs to the whole cluster. Installs that serve some namespaces may be several, and alike. */ -}}
{{- define "durable-agents.clusterName" -}}
{{- if .Values.watchNamespaces }}{{ .Release.Namespace }}.{{ end }}{{ include "durable-agents.name" . }}
{{- end }}

{{- define "durable-agents.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (printf "%s-operator" (include "durable-agents.name" .)) }}
{{- end }}

{{- /* What never changes of a component: (list $ "operator"). */ -}}
{{- define "durable-agents.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- /* Labels of pods: an upgrade alone does not replace them. */ -}}
{{- define "durable-agents.podLabels" -}}
{{ include "durable-agents.selector" . }}
app.kubernetes.io/part-of: durable-agents
{{- end }}

{{- define "durable-agents.labels" -}}
{{- $root := index . 0 -}}
{{ include "durable-agents.podLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* Of what others use, and `helm uninstall` therefore leaves. */ -}}
{{- define "durable-agents.keep" -}}
annotations:
  helm.sh/resource-policy: keep
{{- end }}
