"""kubectl against one API server."""

from tools.cluster_program import ClusterProgram


class Kubectl(ClusterProgram):
    """Runs kubectl as the user of a kubeconfig."""

    seconds = 300
    obtained_by = "make up"

    def apply(self, manifests: str) -> None:
        """Bring the cluster to `manifests`, YAML documents, whoever owned their fields before."""
        self("apply", "--server-side", "--force-conflicts", "--filename=-", stdin=manifests)


def agents(kubectl: Kubectl) -> list[str]:
    """Every Agent, as namespace/name."""
    columns = "--output=jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {end}"
    return kubectl("get", "agents", "--all-namespaces", columns).split()
