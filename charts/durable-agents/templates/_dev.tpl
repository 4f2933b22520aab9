{{- /* A server of dev.enabled with one volume at /data: its Service, its volume, its Deployment.
       (dict "root" $ "component" "temporal" "ports" (dict ...) "container" "...", the container's own part) */ -}}
{{- define "durable-agents.devServer" -}}
{{- $name := printf "%s-%s" (include "durable-agents.name" .root) .component }}
{{- $labels := include "durable-agents.labels" (list .root .component) }}
{{- $selector := include "durable-agents.selector" (list .root .component) }}
apiVersion: v1
kind: Service
metadata:
  name: {{ $name | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- $labels | nindent 4 }}
spec:
  selector:
    {{- $selector | nindent 4 }}
  ports:
    {{- range $port, $number := .ports }}
    - {name: {{ $port }}, port: {{ $number }}, targetPort: {{ $port }}}
    {{- end }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ $name | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- $labels | nindent 4 }}
  # A reinstall goes on from where it was.
  {{- include "durable-agents.keep" . | nindent 2 }}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: {{ .root.Values.dev.storage.size | quote }}}}
  {{- with .root.Values.dev.storage.className }}
  storageClassName: {{ . | quote }}
  {{- end }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- $labels | nindent 4 }}
spec:
  # Two at once would both write to the volume.
  replicas: 1
  strategy: {type: Recreate}
  selector:
    matchLabels:
      {{- $selector | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "durable-agents.podLabels" (list .root .component) | nindent 8 }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with .root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- include "durable-agents.podSecurityContext" .root | nindent 8 }}
      containers:
        - name: {{ .component }}
          {{- include "durable-agents.image" (list .root .root.Values.dev.image) | nindent 10 }}
          {{- .container | nindent 10 }}
          resources:
            {{- toYaml .root.Values.dev.resources | nindent 12 }}
          securityContext:
            {{- include "durable-agents.containerSecurityContext" .root | nindent 12 }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            - {name: data, mountPath: /data}
      volumes:
        - name: tmp
          emptyDir: {}
        - name: data
          persistentVolumeClaim: {claimName: {{ $name | quote }}}
      {{- include "durable-agents.nodes" .root.Values.dev | nindent 6 }}
{{- end }}
