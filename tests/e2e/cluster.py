"""The cluster that the tests run on, with what they run on it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tools.containers.base import build_base
from tools.containers.docker import Build, Docker
from tools.images.catalog import index_arguments
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
    def kubectl_command(self) -> tuple[str, ...]:
        """kubectl's command line, to start one that goes on."""
        return self.kubectl.command()

    def environ(self) -> dict[str, str]:
        """The environment of a user's shell: this cluster, with kubectl and helm on the path."""
        path = f"{ROOT / '.local' / 'bin'}:{os.environ['PATH']}"
        cluster = {"CLUSTER": self.target.kind} if self.target.kind else {}
        return {**os.environ, "PATH": path, "KUBECONFIG": str(self.target.kubeconfig), **cluster}

    @property
    def images(self) -> dict[str, str]:
        """The whole name of each of our images: operator, worker, worker-node, dev."""
        return self.target.images

    def engine(self) -> Docker:
        """An engine to build images for this cluster; skips where none answers."""
        docker = Docker()
        if why := docker.refusal():
            pytest.skip(f"builds an image: {why}")
        return docker

    def build_example(self, example: str, worker: str, tag: str) -> str:
        """Build the image of an example FROM `worker`, bring it to the cluster, and return its name."""
        docker, reference = self.engine(), f"{self.target.prefix}/{example}:{tag}"
        arguments = {"WORKER_IMAGE": build_base(docker, worker, os.environ), **index_arguments(os.environ)}
        log = _LOGS / f"image-{example}.log"
        docker.build(Build(reference, ROOT / "examples" / example, log, arguments=arguments))
        self.load([reference])
        return reference

    def load(self, references: Sequence[str]) -> None:
        """Bring images of this machine's engine to the cluster, to one elsewhere by its registry."""
        if self.kind is None:
            for reference in references:
                self.engine().push(reference)
        else:
            self.kind.replace_pods(self.kind.load(references))
