"""A namespace whose pool runs the tools of examples/python-tool, in an image built FROM ours."""

from typing import Protocol

from pydantic import JsonValue

from tests.e2e.installation import STANDIN_URL, Installation
from tests.standin.control import APPEND, StandIn
from tests.user import User, manifest
from tools.local.services import STANDIN_KEY
from tools.parts.catalog import ROOT

QUESTION = "What was the interest rate of the ECB in 2023?"
# Of a pod that starts on a busy machine, and of a run that meets what a test does to it.
PATIENCE = 180


class Tenant(User):
    """What a user has in one namespace of the cluster; the restricted Pod Security Standard is enforced."""

    def __init__(self, installation: Installation, standin: StandIn, namespace: str) -> None:
        super().__init__(installation.cluster.kubectl, namespace, standin, installation.id)

    def create(self, image: str, *, key: str = STANDIN_KEY) -> None:
        """Create the namespace with a Secret, a ModelProvider and a WorkerPool, all of the usual names."""
        self.kubectl("create", "namespace", self.namespace)
        self.kubectl("label", "namespace", self.namespace, "pod-security.kubernetes.io/enforce=restricted")
        self.set_key(key)
        key_ref: JsonValue = {"name": "mistral", "key": "api-key"}
        self.apply(
            manifest("ModelProvider", "default", {"url": STANDIN_URL, "apiKeySecretRef": key_ref}),
        )
        self.apply_pool(image)

    def remove(self) -> None:
        """Delete the Agents, and with them what is at the stand-in, then the namespace."""
        self.kubectl("delete", "agentruns,agents", "--all", f"--timeout={PATIENCE}s")
        self._kubectl("delete", "namespace", self.namespace, "--wait=false")

    def apply_pool(self, image: str, *, modules: str | None = None, **spec: JsonValue) -> None:
        """Run the pool from this image, with the tools of other modules than the image names."""
        variables: list[JsonValue] = [{"name": "WORKER_MODULES", "value": modules}] if modules else []
        container: JsonValue = {"name": "worker", "image": image, "env": variables}
        template: JsonValue = {"spec": {"containers": [container]}}
        self.apply(manifest("WorkerPool", "default", {"template": template, **spec}))

    def apply_agent(self) -> None:
        """Apply the Agent of examples/python-tool."""
        self.kubectl("apply", f"--filename={ROOT / 'examples' / 'python-tool' / 'agent.yaml'}")

    def ready_agent(self) -> None:
        """Apply it and wait until it is Ready."""
        self.apply_agent()
        self.wait("agent/finance", "Ready", timeout=PATIENCE)

    def apply_run(self, name: str) -> None:
        """Apply an AgentRun that needs a tool."""
        self.apply(manifest("AgentRun", name, {"agentRef": {"name": "finance"}, "input": QUESTION}))

    def succeeded(self, name: str) -> None:
        """Wait until an AgentRun has succeeded."""
        self.wait(f"agentrun/{name}", "Succeeded", timeout=PATIENCE)


class NewTenant(Protocol):
    """Makes a namespace with a provider and a pool."""

    def __call__(self, *, image: str = ..., key: str = STANDIN_KEY) -> Tenant: ...


def half_way(standin: StandIn, tenant: Tenant, run: str) -> str:
    """Start a run whose tool has been called while the model waits at a hold to be told; return the hold."""
    tenant.ready_agent()
    hold = standin.hold("POST", APPEND, times=1)
    tenant.apply_run(run)
    standin.wait_until_held(hold)
    return hold
