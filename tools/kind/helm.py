"""helm against one cluster."""

from tools.cluster_program import ClusterProgram


class Helm(ClusterProgram):
    """Runs helm as the user of a kubeconfig."""

    seconds = 900  # above helm's own, which says more
    obtained_by = "make cluster"
