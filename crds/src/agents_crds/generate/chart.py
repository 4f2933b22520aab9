"""The templates of the chart `durable-agents-crds`: each CRD with labels, and kept when the chart goes."""

import yaml

from agents_crds.generate.manifest import Kind, custom_resource_definition

_METADATA = """\
  labels:
    {{- include "durable-agents-crds.labels" . | nindent 4 }}
  {{- if .Values.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
"""


def crd_template(kind: Kind) -> str:
    """Return the CRD of a kind as a Helm template."""
    manifest = custom_resource_definition(kind)
    spec = manifest.pop("spec")
    return _literal(manifest) + _METADATA + _literal({"spec": spec})


def _literal(part: object) -> str:
    """Write YAML that Helm leaves as it is, whatever a description says; `metadata` must come last in it."""
    text = yaml.safe_dump(part, sort_keys=False, width=110)
    return text.replace("{{", '{{ "{{" }}')
