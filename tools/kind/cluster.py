"""One kind cluster: made, found again, loaded with images, deleted. Its kubeconfig is in .local alone."""

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.containers.docker import Docker
from tools.errors import ExpectedError
from tools.kind.node_image import NodeImage
from tools.local.kubectl import Kubectl
from tools.parts.catalog import ROOT

DEFAULT_NAME = "durable-agents"
_READY_SECONDS = 180
_API_SECONDS = 60
_POLL_SECONDS = 0.5
_TAIL_LINES = 15
# What a pod needs beside a node: names, and where the class of volumes is served by a provisioner, that one.
_ADDONS = ("kube-system/coredns", "local-path-storage/local-path-provisioner")


def cluster_name(environ: Mapping[str, str] = os.environ, default: str = DEFAULT_NAME) -> str:
    """CLUSTER, or the default."""
    return environ.get("CLUSTER") or default


def down_command(name: str) -> str:
    """What deletes the cluster of this name."""
    return "make cluster-down" + ("" if name == DEFAULT_NAME else f" CLUSTER={name}")


def cluster_config(image: NodeImage) -> str:
    """What kind is to make: one node, and no network configuration where the node brings its own."""
    return "\n".join(
        (
            "kind: Cluster",
            "apiVersion: kind.x-k8s.io/v1alpha4",
            f"networking: {{ipFamily: ipv4, disableDefaultCNI: {str(image.made_here).lower()}}}",
            "nodes: [{role: control-plane}]",
            "",
        )
    )


def nodes(docker: Docker, name: str) -> dict[str, str]:
    """The containers of a cluster's nodes, each with its state."""
    lines = docker.run(
        *("ps", "--all", "--filter", f"label=io.x-k8s.kind.cluster={name}"),
        *("--format", "{{.Names}} {{.State}}"),
    )
    return dict(line.split() for line in lines.splitlines())


def holds(held: str, image: str, image_id: str) -> bool:
    """Tell by containerd's list of images whether `image` has this id: it lists both, with one digest."""
    digests = {line.split()[0]: line.split()[2] for line in held.splitlines()[1:]}
    digest = digests.get(whole_name(image))
    return digest is not None and digest == digests.get(image_id)


def pods_of(listed: str, images: Sequence[str]) -> list[str]:
    """The pods that run one of `images`, as NAMESPACE/NAME, of what kubectl listed as JSON."""
    names = {whole_name(image) for image in images}
    return [
        f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        for pod in json.loads(listed)["items"]
        if any(whole_name(container["image"]) in names for container in pod["spec"]["containers"])
    ]


def whole_name(image: str) -> str:
    """The name of an image as containerd writes it: with the registry that Docker leaves out."""
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return image
    return f"docker.io/{image}" if slash else f"docker.io/library/{image}"


@dataclass(frozen=True)
class Cluster:
    """A cluster by its name, made or not; every method raises ExpectedError with kind's own words."""

    name: str
    kind: Path
    docker: Docker
    kubectl_program: Path

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of its administrator."""
        suffix = "" if self.name == DEFAULT_NAME else f"-{self.name}"
        return ROOT / ".local" / "kind" / f"kubeconfig{suffix}"

    @property
    def kubectl(self) -> Kubectl:
        """kubectl as its administrator."""
        return Kubectl(self.kubectl_program, self.kubeconfig)

    def exists(self) -> bool:
        """Tell whether it was made, be it stopped."""
        return bool(nodes(self.docker, self.name))

    def create(self, image: NodeImage) -> None:
        """Make it; it may take a while until it is of use."""
        self.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
        self._kind("create", "cluster", "--image", image.name, "--config=-", stdin=cluster_config(image))

    def resume(self) -> None:
        """Start the nodes that are stopped, say after the machine was, and write the kubeconfig anew."""
        stopped = [name for name, state in nodes(self.docker, self.name).items() if state != "running"]
        if stopped:
            self.docker.run("start", *stopped)
        self.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
        self._kind("export", "kubeconfig")

    def await_ready(self) -> None:
        """Wait until pods can run, and reach each other by name."""
        try:
            self._await_api()
            within = f"--timeout={_READY_SECONDS}s"
            self.kubectl("wait", "--for=condition=Ready", "node", "--all", within)
            deployments = self.kubectl(
                *("get", "deployments", "--all-namespaces"),
                "--output=jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {end}",
            ).split()
            for addon in _ADDONS:
                if addon in deployments:
                    namespace, _, name = addon.partition("/")
                    self.kubectl("--namespace", namespace, "rollout", "status", f"deployment/{name}", within)
        except ExpectedError as error:
            raise ExpectedError(
                f"the cluster {self.name} does not become ready: {error}\n"
                f"`{down_command(self.name)}` deletes it; then try again"
            ) from error

    def load(self, images: Sequence[str]) -> list[str]:
        """Bring images of the engine to the nodes; returns those that were not there in this very content."""
        missing: dict[str, None] = {}
        for node in nodes(self.docker, self.name):
            held = self.docker.run("exec", node, "ctr", "--namespace=k8s.io", "images", "list")
            for image in images:
                if not holds(held, image, self.docker.image_id(image)):
                    missing[image] = None
        if missing:
            self._kind("load", "docker-image", *missing, kubeconfig=False)
        return [*missing]

    def replace_pods(self, images: Sequence[str]) -> list[str]:
        """Delete the pods that run an older content of these images; returns them as NAMESPACE/NAME.

        A tag that stays the same makes no difference to a Deployment; it makes new pods of what is there now.
        """
        if not images:
            return []
        pods = pods_of(self.kubectl("get", "pods", "--all-namespaces", "--output=json"), images)
        for pod in pods:
            namespace, _, name = pod.partition("/")
            self.kubectl(
                "--namespace", namespace, "delete", "pod", name, "--ignore-not-found", "--wait=false"
            )
        return pods

    def delete(self) -> None:
        """Delete it with all that is in it."""
        self._kind("delete", "cluster")
        self.kubeconfig.unlink(missing_ok=True)

    def _await_api(self) -> None:
        deadline = time.monotonic() + _API_SECONDS
        while True:
            try:
                self.kubectl("get", "--raw=/readyz")
            except ExpectedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_POLL_SECONDS)
            else:
                return

    def _kind(self, *arguments: str, stdin: str = "", kubeconfig: bool = True) -> str:
        """Run kind; it says what it does on its error output."""
        command = (str(self.kind), *arguments, "--name", self.name)
        if kubeconfig:
            command += ("--kubeconfig", str(self.kubeconfig))
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            tail = "\n".join(f"    {line}" for line in done.stderr.splitlines()[-_TAIL_LINES:])
            raise ExpectedError(f"kind {arguments[0]} {arguments[1]} failed:\n{tail}")
        return done.stderr
