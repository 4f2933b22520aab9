"""A namespace with a provider and a pool, and what a user does and sees in it."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, JsonValue

from agents_crds.contract.names import INSTALLATION_KEY, NAMESPACE_KEY
from agents_crds.v1alpha1 import (
    API_VERSION,
    Agent,
    AgentRun,
    Condition,
    ModelProvider,
    StoredObject,
    WorkerPool,
)
from tests.component.platform import Platform
from tests.standin.agents import Agent as RemoteAgent
from tests.standin.conversations import Conversation
from tools.errors import ExpectedError
from tools.local.services import STANDIN_KEY

Manifest = dict[str, JsonValue]
S = TypeVar("S", bound=StoredObject)
T = TypeVar("T")

PLURALS = {Agent: "agents", AgentRun: "agentruns", ModelProvider: "modelproviders", WorkerPool: "workerpools"}
TEST_MODULES = "tests.component.functions"
METER = "Please read the meter 'north-7'."


class Event(BaseModel):
    """An Event, as `kubectl get events` shows it."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    type: str
    reason: str
    note: str = ""
    message: str = ""


class ToolCall(BaseModel):
    """A call that a tool has recorded."""

    model_config = ConfigDict(frozen=True)
    tool: str
    value: str


class Tenant:
    """What a user has in one namespace."""

    def __init__(self, platform: Platform, namespace: str) -> None:
        self.platform = platform
        self.namespace = namespace
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

    def set_key(self, key: str) -> None:
        """Put an API key into the Secret."""
        self.apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "mistral"},
                "stringData": {"api-key": key},
            }
        )

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl in the namespace."""
        return self.platform.kubectl(f"--namespace={self.namespace}", *arguments, stdin=stdin)

    def refusal(self, *arguments: str, stdin: str | None = None) -> str:
        """Run a kubectl command that must fail, and return what it complains about."""
        try:
            output = self.kubectl(*arguments, stdin=stdin)
        except ExpectedError as error:
            return str(error)
        raise AssertionError(f"kubectl {' '.join(arguments)} was not refused: {output}")

    def apply(self, *manifests: Manifest) -> None:
        """Apply manifests as a user does."""
        self.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all(manifests))

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

    def delete(self, target: str, *, wait: bool = True) -> None:
        """Delete an object, such as `agent/name`."""
        self.kubectl("delete", target, f"--wait={str(wait).lower()}", "--timeout=60s")

    def wait(self, target: str, condition: str, *, timeout: int = 60) -> None:
        """Wait for a condition by `kubectl wait`."""
        self.kubectl("wait", f"--for=condition={condition}", target, f"--timeout={timeout}s")

    def wait_for_reason(self, run: str, reason: str) -> Condition:
        """Wait until a run's outcome is open, or settled, for that reason; return the condition."""
        return eventually(
            lambda: condition(self.get(AgentRun, run), "Succeeded"), lambda found: found.reason == reason
        )

    def get(self, model: type[S], name: str) -> S:
        """Read one object."""
        return model.model_validate_json(self.kubectl("get", PLURALS[model], name, "--output=json"))

    def list(self, model: type[S]) -> tuple[S, ...]:
        """Read all objects of a kind."""
        found = json.loads(self.kubectl("get", PLURALS[model], "--output=json"))
        return tuple(model.model_validate(item) for item in found["items"])

    def events(self, target: str) -> tuple[Event, ...]:
        """Read the events of an object, such as `Agent/name`."""
        kind, name = target.split("/")
        selector = f"involvedObject.kind={kind},involvedObject.name={name}"
        found = json.loads(self.kubectl("get", "events", f"--field-selector={selector}", "--output=json"))
        return tuple(Event.model_validate(item) for item in found["items"])

    def workflow_of(self, run: str) -> str:
        """Wait until a run has a workflow, and return its id."""
        found = eventually(
            lambda: self.get(AgentRun, run).status.workflow_id, lambda found: found is not None
        )
        return str(found)

    def remote_agents(self) -> tuple[RemoteAgent, ...]:
        """Look at the agents that this namespace has on the stand-in's side."""
        return tuple(
            agent for agent in self.platform.standin.agents() if self._is_ours(agent.current.metadata)
        )

    def conversations(self) -> tuple[Conversation, ...]:
        """Look at the conversations of this namespace on the stand-in's side."""
        return tuple(
            conversation
            for conversation in self.platform.standin.conversations()
            if self._is_ours(conversation.metadata)
        )

    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Read what the tools have recorded."""
        if not self.tool_log.exists():
            return ()
        return tuple(ToolCall.model_validate_json(line) for line in self.tool_log.read_text().splitlines())

    def _is_ours(self, metadata: object) -> bool:
        ours = {INSTALLATION_KEY: self.platform.installation, NAMESPACE_KEY: self.namespace}
        return isinstance(metadata, dict) and ours.items() <= metadata.items()


class NewTenant(Protocol):
    """Makes a namespace with a provider and a pool."""

    def __call__(
        self, *, key: str = STANDIN_KEY, with_secret: bool = True, modules: str = TEST_MODULES
    ) -> Tenant: ...


def manifest(kind: str, name: str, spec: dict[str, JsonValue]) -> Manifest:
    """Write an object of ours."""
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


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


def condition(stored: StoredObject, type_: str) -> Condition:
    """Return a condition that must be there."""
    return next(found for found in stored.status.conditions if found.type == type_)


def eventually(observe: Callable[[], T], accept: Callable[[T], bool], *, timeout: float = 30) -> T:
    """Observe until it is accepted; fail with what was seen last."""
    deadline = time.monotonic() + timeout
    while not accept(seen := observe()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s; last seen: {seen!r}")
        time.sleep(0.1)
    return seen


def stays(observe: Callable[[], T], *, seconds: float) -> Iterator[T]:
    """Observe for a while, for what must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield observe()
        time.sleep(0.2)
