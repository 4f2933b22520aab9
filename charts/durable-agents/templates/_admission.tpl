{{- /* Parts of admission policies. */ -}}

{{- /* The binding of a policy, to the namespaces that are served: (list $ "status"). */ -}}
{{- define "durable-agents.policyBinding" -}}
{{- $root := index . 0 -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: "{{ include "durable-agents.clusterName" $root }}-{{ index . 1 }}"
  labels:
    {{- include "durable-agents.labels" (list $root "admission") | nindent 4 }}
spec:
  policyName: "{{ include "durable-agents.clusterName" $root }}-{{ index . 1 }}"
  validationActions: [Deny]
  {{- with $root.Values.watchNamespaces }}
  matchResources:
    namespaceSelector:
      matchExpressions:
        - key: kubernetes.io/metadata.name
          operator: In
          values:
            {{- toYaml . | nindent 12 }}
  {{- end }}
{{- end }}

{{- /* Start of a policy: the root, its name, the resource it is about, its operations. */ -}}
{{- define "durable-agents.policyHead" -}}
{{- $root := index . 0 -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: "{{ include "durable-agents.clusterName" $root }}-{{ index . 1 }}"
  labels:
    {{- include "durable-agents.labels" (list $root "admission") | nindent 4 }}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
      - apiGroups: [durable-agents.dev]
        apiVersions: ["*"]
        operations: {{ toJson (index . 3) }}
        resources: [{{ index . 2 | quote }}]
{{- end }}

{{- /* CEL: the list in a field, empty where there is none: (list "c" "env"). What has another type is no pod's:
       the operator says so. */ -}}
{{- define "durable-agents.celList" -}}
{{- $field := printf "%s.%s" (index . 0) (index . 1) -}}
(has({{ $field }}) && type({{ $field }}) == list ? {{ $field }} : [])
{{- end }}
