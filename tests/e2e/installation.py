"""The charts in a cluster, installed as a user installs them, and what runs of them there."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.e2e.cluster import Cluster
from tests.e2e.proxy import service_url
from tests.e2e.readme import commands, run
from tests.standin.control import StandIn
from tests.user import eventually
from tools.errors import ExpectedError
from tools.parts.catalog import ROOT

RELEASE = "durable-agents"
NAMESPACE = "durable-agents-system"
CHARTS = ROOT / "charts"
OPERATOR = "durable-agents-operator"
TEMPORAL = "durable-agents-temporal"
STANDIN = "durable-agents-mistral"
STANDIN_PORT = 8080
STANDIN_URL = f"http://{STANDIN}.{NAMESPACE}.svc:{STANDIN_PORT}"
OURS = "app.kubernetes.io/part-of=durable-agents"
_TIMEOUT = "--timeout=180s"
_BUDGET_SECONDS = 120


class Installation:
    """Both charts in dev mode; installing what is there already upgrades it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def install(self, *values: str, charts: Path = CHARTS, images: Mapping[str, str] | None = None) -> None:
        """Install the charts of a folder with images and values, and wait until their pods are Ready."""
        helm = self.cluster.helm
        helm(
            *("upgrade", "--install", f"{RELEASE}-crds", str(charts / "durable-agents-crds")),
            *(f"--namespace={NAMESPACE}", "--create-namespace"),
        )
        helm(
            *("upgrade", "--install", RELEASE, str(charts / "durable-agents"), "--wait", _TIMEOUT),
            *(f"--namespace={NAMESPACE}", "--create-namespace", "--set=dev.enabled=true"),
            *image_values(images or self.cluster.images),
            *(f"--set={value}" for value in values),
        )

    def uninstall(self) -> None:
        """Uninstall the charts, which leaves the kinds, the users' objects and what dev mode has stored."""
        self.cluster.helm("uninstall", RELEASE, f"--namespace={NAMESPACE}", "--wait", _TIMEOUT)
        self.cluster.helm("uninstall", f"{RELEASE}-crds", f"--namespace={NAMESPACE}", "--wait", _TIMEOUT)

    def purge(self) -> None:
        """Remove all of it, as README says; what a test left without an operator gets one first."""
        if not self.installed:
            if not self.cluster.kubectl("get", "crds", f"--selector={OURS}", "--output=name"):
                return
            self.install()
        for script in commands("Remove it"):
            run(script, self.cluster.environ())

    @property
    def installed(self) -> bool:
        """Whether the charts are there."""
        found = json.loads(self.cluster.helm("list", "--all-namespaces", "--output=json"))
        return RELEASE in {release["name"] for release in found}

    @property
    def id(self) -> str:
        """The installation id, the prefix of all names outside the cluster."""
        return self._kubectl(
            "get", "configmap", "durable-agents-installation", "--output=jsonpath={.data.id}"
        )

    def kill(self, deployment: str) -> None:
        """End the pods of a Deployment of ours without warning."""
        pods = self._kubectl("get", "pods", f"--selector={selector(deployment)}", "--output=name").split()
        assert pods, deployment
        self._kubectl("delete", *pods, "--grace-period=0", "--force")

    def leader(self) -> str:
        """Name the pod of the operator that acts; nothing while none does."""
        path = "--output=jsonpath={.spec.holderIdentity}"
        return self._kubectl("get", f"lease/durable-agents-{self.id}", path)

    def kill_leader(self) -> str:
        """End the pod of the operator that acts without warning; return its name."""
        leader = self.leader()
        self._kubectl("delete", "pod", leader, "--grace-period=0", "--force")
        return leader

    def evict_pods(self, namespace: str) -> None:
        """Evict every pod of a namespace as the drain of its node does: again, where a budget forbids it."""
        found = self.cluster.kubectl("get", "pods", f"--namespace={namespace}", "--output=name").split()
        assert found, namespace
        for pod in (name.removeprefix("pod/") for name in found):
            eventually(partial(self._is_evicted, namespace, pod), bool, timeout=_BUDGET_SECONDS)

    def _is_evicted(self, namespace: str, pod: str) -> bool:
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction"
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
        try:
            self.cluster.kubectl("create", "--raw", path, "--filename=-", stdin=json.dumps(eviction))
        except ExpectedError as error:
            if "disruption budget" not in str(error):
                raise
            return False
        return True

    def wait_available(self, deployment: str) -> None:
        """Wait until a Deployment of ours serves again."""
        self._kubectl("wait", f"deployment/{deployment}", "--for=condition=Available", _TIMEOUT)

    def _kubectl(self, *arguments: str) -> str:
        return self.cluster.kubectl(f"--namespace={NAMESPACE}", *arguments)


@contextmanager
def reachable_standin(installation: Installation) -> Iterator[StandIn]:
    """Reach the stand-in for Mistral in the cluster; it goes on when its pod is replaced."""
    with (
        service_url(installation.cluster, NAMESPACE, STANDIN, STANDIN_PORT) as url,
        StandIn(url) as standin,
    ):
        yield standin


def selector(deployment: str) -> str:
    """The labels of the pods of a Deployment of ours."""
    component = deployment.removeprefix(f"{RELEASE}-")
    return f"app.kubernetes.io/instance={RELEASE},app.kubernetes.io/component={component}"


def image_values(images: Mapping[str, str]) -> tuple[str, ...]:
    """The values of the chart that name these images."""
    places = {"operator": "image", "worker": "defaults.workerPool.image", "dev": "dev.image"}
    named = ((place, *images[image].rsplit(":", 1)) for image, place in places.items())
    return tuple(f"--set={place}.repository={name},{place}.tag={tag}" for place, name, tag in named)
