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

{{- /* CEL: whether something is new in what decides on the code that runs in the pods of a pool. */ -}}
{{- define "durable-agents.celPodsChange" -}}
request.operation == 'CREATE' || object.spec.template != oldObject.spec.template
|| object.spec.?stdio.allowedCommands.orValue([]) != oldObject.spec.?stdio.allowedCommands.orValue([])
{{- end }}

{{- /* CEL: whether who asks may get a Secret: its name, as CEL. */ -}}
{{- define "durable-agents.celMayGet" -}}
authorizer.group('').resource('secrets').namespace(request.namespace).name({{ . }}).check('get').allowed()
{{- end }}

{{- /* CEL: that who asks may not get a Secret: (list "'spec.template'" "variables.name"), both as CEL. */ -}}
{{- define "durable-agents.celMayNotGet" -}}
{{ index . 0 }} + ' names Secret ' + {{ index . 1 }} + ', which ' + request.userInfo.username
+ ' is not allowed to get in namespace ' + request.namespace
+ ': ask for a Role that allows it, or let somebody apply this who is'
{{- end }}

{{- /* CEL: whether who asks may create pods. */ -}}
{{- define "durable-agents.celMayCreatePods" -}}
authorizer.group('').resource('pods').namespace(request.namespace).check('create').allowed()
{{- end }}

{{- /* CEL: that who asks may not, with what they tried, which is as much. */ -}}
{{- define "durable-agents.celMayNotCreatePods" -}}
'{{ . }}, which ' + request.userInfo.username
+ ' is not allowed to do in namespace ' + request.namespace
+ ': ask for a Role that allows create on pods, or let somebody apply this who is'
{{- end }}

{{- /* CEL: the list in a field, empty where there is none: (list "c" "env"). What has another type is no pod's:
       the operator says so. */ -}}
{{- define "durable-agents.celList" -}}
{{- $field := printf "%s.%s" (index . 0) (index . 1) -}}
(has({{ $field }}) && type({{ $field }}) == list ? {{ $field }} : [])
{{- end }}
