"""Puts into a cluster what the operator needs: kinds, its namespace, and the rights of its user."""

from collections.abc import Sequence

import yaml
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from tools.local.kubeconfig import OPERATOR
from tools.local.kubectl import Kubectl
from tools.parts.catalog import ROOT

OPERATOR_NAMESPACE = "durable-agents-system"
OPERATOR_ROLE = "durable-agents-operator"
_CRDS = ROOT / "crds" / "manifests"
PERMISSIONS = ROOT / "charts" / "durable-agents" / "files" / "permissions.yaml"
_RBAC_API = "rbac.authorization.k8s.io"

Manifest = dict[str, object]

# The local operator is a user and no service account.
LOCAL_OPERATOR: Manifest = {"apiGroup": _RBAC_API, "kind": "User", "name": OPERATOR.name}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel)


class PolicyRule(_Frozen):
    """A rule of a role."""

    api_groups: list[str]
    resources: list[str]
    resource_names: list[str] = []
    verbs: list[str]


class Permissions(_Frozen):
    """What the operator may do in each namespace that it serves, and in its own."""

    served: list[PolicyRule]
    own: list[PolicyRule]


def install(kubectl: Kubectl) -> None:
    """Install all of it; returns when the API server serves the kinds."""
    install_kinds(kubectl)
    permissions = parse_permissions(PERMISSIONS.read_text())
    kubectl.apply(yaml.safe_dump_all([_namespace(OPERATOR_NAMESPACE), *operator_roles(permissions)]))


def install_kinds(kubectl: Kubectl) -> None:
    """Install the kinds alone; returns when the API server serves them."""
    kubectl("apply", "--server-side", "--force-conflicts", f"--filename={_CRDS}")
    kubectl("wait", "--for=condition=Established", "--timeout=60s", f"--filename={_CRDS}")


def parse_permissions(text: str) -> Permissions:
    """Read the text of the chart's files/permissions.yaml."""
    return Permissions.model_validate(yaml.safe_load(text))


def operator_roles(
    permissions: Permissions,
    subject: Manifest = LOCAL_OPERATOR,
    *,
    home: str = OPERATOR_NAMESPACE,
    served: Sequence[str] = (),
) -> list[Manifest]:
    """Roles with these permissions, bound to a subject, in the namespaces it serves; none named means all."""
    own: Manifest = {"name": OPERATOR_ROLE, "namespace": home}
    places: list[Manifest] = [{"name": OPERATOR_ROLE, "namespace": name} for name in served]
    return [
        *(
            manifest
            for place in places or [{"name": OPERATOR_ROLE}]
            for manifest in _granted(permissions.served, place, subject)
        ),
        *_granted(permissions.own, own, subject),
    ]


def _granted(rules: list[PolicyRule], metadata: Manifest, subject: Manifest) -> list[Manifest]:
    kind = "Role" if "namespace" in metadata else "ClusterRole"
    return [
        {
            "apiVersion": f"{_RBAC_API}/v1",
            "kind": kind,
            "metadata": metadata,
            "rules": [rule.model_dump(by_alias=True, exclude_defaults=True) for rule in rules],
        },
        {
            "apiVersion": f"{_RBAC_API}/v1",
            "kind": f"{kind}Binding",
            "metadata": metadata,
            "roleRef": {"apiGroup": _RBAC_API, "kind": kind, "name": OPERATOR_ROLE},
            "subjects": [subject],
        },
    ]


def _namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
