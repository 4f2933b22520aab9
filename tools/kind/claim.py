"""Whose a cluster is: the tests remove what they find installed, so it must be theirs."""

from tools.errors import ExpectedError
from tools.local.kubectl import Kubectl

_MARK = ("configmap", "durable-agents-e2e", "--namespace=default")
# Helm keeps a release in a Secret with these labels.
_RELEASES = "owner=helm,name in (durable-agents,durable-agents-crds)"
_CRDS = "app.kubernetes.io/part-of=durable-agents"


def claim(kubectl: Kubectl, cluster: str) -> None:
    """Mark a cluster as the tests'; raises ExpectedError where somebody else has installed our charts."""
    if kubectl("get", *_MARK, "--ignore-not-found", "--output=name"):
        return
    if _installed(kubectl):
        raise ExpectedError(
            f"the cluster {cluster} has durable-agents installed, and the tests would remove it, "
            "all Agents too: name another cluster, or remove it yourself as README says below `Remove it`"
        )
    kubectl("create", *_MARK)


def give_up(kubectl: Kubectl) -> None:
    """Take the mark away, unless the tests could not remove what they installed."""
    if not _installed(kubectl):
        kubectl("delete", *_MARK, "--ignore-not-found")


def _installed(kubectl: Kubectl) -> str:
    """The names of what is there of our charts."""
    crds = kubectl("get", "crds", f"--selector={_CRDS}", "--output=name")
    return crds + kubectl("get", "secrets", "--all-namespaces", f"--selector={_RELEASES}", "--output=name")
