"""The cluster that the tests run on, with what they run on it."""

import os
from dataclasses import dataclass

import pytest

from tools.containers.docker import Build, Docker
from tools.kind.cluster import Cluster as KindCluster
from tools.kind.helm import Helm
from tools.kind.target import Target
from tools.local.kubectl import Kubectl
from tools.parts.catalog import ROOT

_LOGS = ROOT / ".local" / "logs"


@dataclass(frozen=True)
class Cluster:
    """A cluster whose administrator we are; `kind` is set where it is one of this machine."""

    target: Target
    kubectl: Kubectl
    helm: Helm
    kind: KindCluster | None

    @property
    def owned(self) -> bool:
        """Whether it is of this machine: images can be built for it, and nobody else uses it."""
        return self.kind is not None

    @property
    def kubectl_command(self) -> tuple[str, ...]:
        """kubectl's command line, to start one that goes on."""
        return self.kubectl.command()

    def environ(self) -> dict[str, str]:
        """The environment of a user's shell: this cluster, with kubectl and helm on the path."""
        path = f"{ROOT / '.local' / 'bin'}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "KUBECONFIG": str(self.target.kubeconfig)}

    @property
    def images(self) -> dict[str, str]:
        """The whole name of each of our images: operator, worker, worker-node, dev."""
        return self.target.images

    def build_rates(self, worker: str, reference: str) -> str:
        """Build the image of examples/rates FROM `worker`, bring it to the cluster, and return its name."""
        log = _LOGS / "image-rates.log"
        Docker().build(Build(reference, ROOT / "examples" / "rates", log, arguments={"WORKER_IMAGE": worker}))
        self.load(reference)
        return reference

    def load(self, reference: str) -> None:
        """Bring an image of this machine's engine to the cluster; skips where it cannot be."""
        if self.kind is None:
            pytest.skip("loads an image: needs a kind cluster of this machine")
        self.kind.load([reference])
