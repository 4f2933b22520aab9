"""What a user does and sees in one namespace."""

import json
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, JsonValue

from agents_crds.contract.names import INSTALLATION_KEY, NAMESPACE_KEY
from agents_crds.v1alpha1 import (
    API_VERSION,
    Agent,
    AgentRun,
    Condition,
    MCPServer,
    ModelProvider,
    StoredObject,
    TemporalConnection,
    WorkerPool,
)
from tests.standin.agents import Agent as RemoteAgent
from tests.standin.control import StandIn
from tests.standin.conversations import Conversation
from tools.errors import ExpectedError
from tools.local.kubectl import Kubectl

Manifest = dict[str, JsonValue]
S = TypeVar("S", bound=StoredObject)
T = TypeVar("T")

PLURALS = {
    Agent: "agents",
    AgentRun: "agentruns",
    MCPServer: "mcpservers",
    ModelProvider: "modelproviders",
    TemporalConnection: "temporalconnections",
    WorkerPool: "workerpools",
}


class Event(BaseModel):
    """An Event, as `kubectl get events` shows it."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    type: str
    reason: str
    note: str = ""
    message: str = ""


class User:
    """Somebody who works in one namespace by kubectl, and what that leaves on the stand-in's side."""

    def __init__(self, kubectl: Kubectl, namespace: str, standin: StandIn, installation: str) -> None:
        self._kubectl = kubectl
        self.namespace = namespace
        self._standin = standin
        self._installation = installation
        self.keys: list[str] = []
        """The API keys that were put into the Secret, one after the other."""

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl in the namespace."""
        return self._kubectl(f"--namespace={self.namespace}", *arguments, stdin=stdin)

    def set_key(self, key: str) -> None:
        """Put an API key into the Secret."""
        self.keys.append(key)
        self.apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "mistral"},
                "stringData": {"api-key": key},
            }
        )

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
        return tuple(agent for agent in self._standin.agents() if self._is_ours(agent.current.metadata))

    def conversations(self) -> tuple[Conversation, ...]:
        """Look at the conversations of this namespace on the stand-in's side."""
        return tuple(each for each in self._standin.conversations() if self._is_ours(each.metadata))

    def assert_done_once(self) -> None:
        """One conversation, one append, one result: what a run with one tool call costs."""
        (conversation,) = self.conversations()
        counts = self._standin.counters().conversations[conversation.id]
        assert (counts.created, counts.appends) == (1, 1)
        assert list(counts.function_results.values()) == [1]

    def _is_ours(self, metadata: object) -> bool:
        ours = {INSTALLATION_KEY: self._installation, NAMESPACE_KEY: self.namespace}
        return isinstance(metadata, dict) and ours.items() <= metadata.items()


def manifest(kind: str, name: str, spec: dict[str, JsonValue]) -> Manifest:
    """Write an object of ours."""
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


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
