"""Puts into a cluster what the operator needs: kinds, its namespace, and the rights of its user."""

from collections.abc import Iterable

import yaml
from pydantic import BaseModel, ConfigDict

from tools.local.kubeconfig import OPERATOR
from tools.local.kubectl import Kubectl
from tools.parts.catalog import ROOT

OPERATOR_NAMESPACE = "durable-agents-system"
_CRDS = ROOT / "crds" / "manifests"
_RBAC = ROOT / "operator" / "manifests" / "rbac.yaml"
_RBAC_API = "rbac.authorization.k8s.io"


class Metadata(BaseModel):
    """How an object is named."""

    model_config = ConfigDict(frozen=True)

    name: str
    namespace: str | None = None


class Object(BaseModel):
    """What a manifest describes: a kind and a name."""

    model_config = ConfigDict(frozen=True)

    kind: str
    metadata: Metadata


def install(kubectl: Kubectl) -> None:
    """Install all of it; returns when the API server serves the kinds."""
    install_kinds(kubectl)
    rbac = _RBAC.read_text()
    bindings = operator_bindings(parse_objects(rbac))
    kubectl.apply("\n---\n".join([_namespace(OPERATOR_NAMESPACE), rbac, *bindings]))


def install_kinds(kubectl: Kubectl) -> None:
    """Install the kinds alone; returns when the API server serves them."""
    kubectl("apply", "--server-side", "--force-conflicts", f"--filename={_CRDS}")
    kubectl("wait", "--for=condition=Established", "--timeout=60s", f"--filename={_CRDS}")


def parse_objects(manifests: str) -> list[Object]:
    """Read which objects there are in YAML documents."""
    return [Object.model_validate(document) for document in yaml.safe_load_all(manifests) if document]


def operator_bindings(objects: Iterable[Object]) -> list[str]:
    """Manifests that give each role in `objects` to the local operator, which is a user, not an account."""
    return [_binding(role) for role in objects if role.kind in {"Role", "ClusterRole"}]


def _binding(role: Object) -> str:
    metadata = role.metadata.model_copy(update={"name": f"local-{OPERATOR.name}-{role.metadata.name}"})
    return yaml.safe_dump(
        {
            "apiVersion": f"{_RBAC_API}/v1",
            "kind": f"{role.kind}Binding",
            "metadata": metadata.model_dump(exclude_none=True),
            "roleRef": {"apiGroup": _RBAC_API, "kind": role.kind, "name": role.metadata.name},
            "subjects": [{"apiGroup": _RBAC_API, "kind": "User", "name": OPERATOR.name}],
        }
    )


def _namespace(name: str) -> str:
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
