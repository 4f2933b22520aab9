"""A namespace with a provider and a pool, and what a user does and sees in it."""

from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, JsonValue

from agents_crds.v1alpha1 import Agent, AgentRun
from tests.component.platform import Platform
from tests.user import User, manifest
from tools.local.services import STANDIN_KEY

TEST_MODULES = "tests.component.functions"
METER = "Please read the meter 'north-7'."


class ToolCall(BaseModel):
    """A call that a tool has recorded."""

    model_config = ConfigDict(frozen=True)
    tool: str
    value: str


class Tenant(User):
    """What a user has in one namespace."""

    def __init__(self, platform: Platform, namespace: str) -> None:
        super().__init__(platform.kubectl, namespace, platform.standin, platform.installation)
        self.platform = platform
        self.tool_log = platform.directory / f"{namespace}.tools"
        self.tool_gate = Path(f"{self.tool_log}.gate")

    def create(
        self, *, key: str = STANDIN_KEY, with_secret: bool = True, modules: str = TEST_MODULES
    ) -> None:
        """Create the namespace with a Secret, a ModelProvider and a WorkerPool, all of the usual names."""
        self.kubectl("create", "namespace", self.namespace)
        if with_secret:
            self.set_key(key)
        self.apply(
            manifest(
                "ModelProvider",
                "default",
                {"url": self.platform.standin_url, "apiKeySecretRef": {"name": "mistral", "key": "api-key"}},
            ),
            manifest("WorkerPool", "default", pool_spec(self.tool_log, modules)),
        )

    def apply_agent(self, name: str, **spec: JsonValue) -> None:
        """Apply an Agent that reads meters, with some fields of its spec changed."""
        self.apply(manifest("Agent", name, agent_spec(**spec)))

    def ready_agent(self, name: str, **spec: JsonValue) -> Agent:
        """Apply an Agent and wait until it is Ready."""
        self.apply_agent(name, **spec)
        self.wait(f"agent/{name}", "Ready")
        return self.get(Agent, name)

    def apply_run(self, name: str, agent: str, text: str = METER, **spec: JsonValue) -> None:
        """Apply an AgentRun."""
        self.apply(manifest("AgentRun", name, {"agentRef": {"name": agent}, "input": text, **spec}))

    def finished_run(self, name: str, agent: str, text: str = METER, **spec: JsonValue) -> AgentRun:
        """Apply an AgentRun and wait until it succeeded."""
        self.apply_run(name, agent, text, **spec)
        self.wait(f"agentrun/{name}", "Succeeded")
        return self.get(AgentRun, name)

    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Read what the tools have recorded."""
        if not self.tool_log.exists():
            return ()
        return tuple(ToolCall.model_validate_json(line) for line in self.tool_log.read_text().splitlines())


class NewTenant(Protocol):
    """Makes a namespace with a provider and a pool."""

    def __call__(
        self, *, key: str = STANDIN_KEY, with_secret: bool = True, modules: str = TEST_MODULES
    ) -> Tenant: ...


def agent_spec(**changes: JsonValue) -> dict[str, JsonValue]:
    """Describe an agent that reads meters."""
    return {
        "model": "mistral-medium-latest",
        "instructions": "Answer by your tools.",
        "tools": [{"function": {"name": "read_meter"}}],
        **changes,
    }


def pool_spec(tool_log: Path, modules: str = TEST_MODULES, **variables: str) -> dict[str, JsonValue]:
    """Describe a pool of one worker with the tools of the tests; `variables` are its own."""
    values = {"WORKER_MODULES": modules, "TOOL_LOG": str(tool_log), **variables}
    environment: list[JsonValue] = [{"name": name, "value": value} for name, value in values.items()]
    container: dict[str, JsonValue] = {"name": "worker", "image": "worker:test", "env": environment}
    return {"replicas": 1, "template": {"spec": {"containers": [container]}}}
