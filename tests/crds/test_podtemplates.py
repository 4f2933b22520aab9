"""The template of a WorkerPool is a whole PodTemplateSpec, which the API server keeps as it was written."""

import json

import yaml

from tests.crds.namespace import Namespace

TEMPLATE = """
metadata:
  creationTimestamp: null # as `kubectl create --dry-run=client --output=yaml` writes it
  labels: {team: rates}
  annotations: {prometheus.io/scrape: "true"}
spec:
  serviceAccountName: tools
  nodeSelector: {pool: gpu}
  tolerations: [{key: gpu, operator: Exists, effect: NoSchedule}]
  imagePullSecrets: [{name: registry}]
  securityContext: {runAsUser: 1000, fsGroup: 1000}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector: {matchLabels: {team: rates}}
  initContainers:
    - {name: fetch, image: "fetch:1", volumeMounts: [{name: data, mountPath: /data}]}
  containers:
    - name: proxy
      image: proxy:1
      ports: [{containerPort: 3128, protocol: TCP}]
      env: [{name: TEMPORAL_ADDRESS, value: of its own}]
    - name: worker
      image: workers:1
      imagePullPolicy: IfNotPresent
      resources: {requests: {cpu: 500m, memory: 256Mi}, limits: {memory: 1Gi}}
      env:
        - {name: WORKER_MODULES, value: tools}
        - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: TOKEN, valueFrom: {secretKeyRef: {name: crm, key: token, optional: true}}}
      envFrom: [{configMapRef: {name: settings}}]
      volumeMounts: [{name: data, mountPath: /data, readOnly: true}]
      livenessProbe: {exec: {command: [true]}, periodSeconds: 60}
  volumes:
    - {name: data, emptyDir: {sizeLimit: 1Gi}}
"""


def test_pod_template_is_stored_as_it_was_written(namespace: Namespace) -> None:
    template = yaml.safe_load(TEMPLATE.replace("[true]", '["true"]'))
    pool = {
        "apiVersion": "durable-agents.dev/v1alpha1",
        "kind": "WorkerPool",
        "metadata": {"name": "default"},
        "spec": {"replicas": 1, "template": template},
    }
    namespace.kubectl(
        "apply", "--server-side", "--validate=strict", "--filename=-", stdin=yaml.safe_dump(pool)
    )
    stored = json.loads(namespace.kubectl("get", "workerpool", "default", "--output=json"))
    assert stored["spec"]["template"] == template
    # The API server itself takes it for a pod template.
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "workers"},
        "spec": {"selector": {"matchLabels": {"team": "rates"}}, "template": template},
    }
    namespace.kubectl(
        *("apply", "--server-side", "--validate=strict", "--dry-run=server", "--filename=-"),
        stdin=yaml.safe_dump(deployment),
    )
