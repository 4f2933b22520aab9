"""Many runs at once, the pods of their pool over time, and what the runs have cost in the end."""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel

from agents_crds.contract.names import pool_queue
from agents_crds.v1alpha1.workerpool import AutoscalingStatus
from tests.e2e.installation import NAMESPACE, OPERATOR, Installation
from tests.e2e.tenant import QUESTION, Tenant
from tests.standin.control import StandIn
from tests.user import manifest

_EVERY_SECONDS = 3.0
_HISTORIES = Path(__file__).parent / "histories.py"


class _Part(BaseModel):
    """A part of an object of any kind."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class _Metadata(_Part):
    deletion_timestamp: str | None = None


class _Condition(_Part):
    type: str
    status: str
    reason: str = ""


class _Status(_Part):
    conditions: tuple[_Condition, ...] = ()
    autoscaling: AutoscalingStatus | None = None


class _Seen(_Part):
    """A pool, a pod or a run, as far as samples need it: there are many, and this machine is busy."""

    kind: str
    metadata: _Metadata
    status: _Status = _Status()

    def reason_of(self, condition: str, *, status: str | None = None) -> str | None:
        """The reason of a condition, of a certain status if so asked; None where there is none."""
        found = (each for each in self.status.conditions if each.type == condition)
        return next((each.reason for each in found if status in {None, each.status}), None)


@dataclass(frozen=True)
class Sample:
    """How things stood at a moment, in seconds since the first run was made."""

    at: float
    ready: int
    starting: int
    ending: int
    scaling: AutoscalingStatus | None
    runs: Counter[str]
    lost: int
    """Runs that ended without success."""

    @property
    def pods(self) -> int:
        """Pods that are not about to go."""
        return self.ready + self.starting

    def __str__(self) -> str:
        told = "-"
        if self.scaling is not None:
            seen = self.scaling
            told = (
                f"desired {seen.desired_replicas} ({seen.reason}), executing {seen.executing_runs}, "
                f"waiting {seen.waiting_runs}, backlog {seen.backlog}"
            )
        runs = ", ".join(f"{reason} {count}" for reason, count in sorted(self.runs.items()))
        pods = f"{self.ready} ready, {self.starting} starting, {self.ending} ending"
        return f"{self.at:6.1f} s | {pods} | {told} | {runs}"


class Crowd:
    """The runs of one namespace, all of the same Agent."""

    def __init__(self, installation: Installation, standin: StandIn, tenant: Tenant) -> None:
        self._installation = installation
        self._standin = standin
        self._tenant = tenant
        self._began = time.monotonic()
        self._count = 0
        self.timeline: list[Sample] = []

    def start(self, count: int) -> None:
        """Make that many runs at once, each with one tool call."""
        self._began, self._count = time.monotonic(), count
        spec: dict[str, JsonValue] = {"agentRef": {"name": "finance"}, "input": QUESTION}
        runs = [manifest("AgentRun", f"run-{number}", spec) for number in range(count)]
        self._tenant.kubectl("create", "--filename=-", stdin=yaml.safe_dump_all(runs))

    def watch(self, until: Callable[[Sample], bool], *, timeout: float) -> Sample:
        """Look every few seconds, and print what is seen, until it is as it should be."""
        deadline = time.monotonic() + timeout
        while True:
            seen = self._observe()
            self.timeline.append(seen)
            print(seen, flush=True)  # noqa: T201  # the evidence, shown when a test fails, or by -s
            if until(seen):
                return seen
            assert time.monotonic() < deadline, f"not within {timeout} s; last seen: {seen}"
            time.sleep(_EVERY_SECONDS)

    def all_succeeded(self, seen: Sample) -> bool:
        """Tell whether every run has; fail when one cannot any more."""
        assert not seen.lost, f"{seen.lost} runs are lost: {seen}"
        return seen.runs == {"Succeeded": self._count}

    def assert_done_once(self) -> None:
        """A conversation, an append and a tool's result for each run; nothing was tried a second time."""
        conversations = self._tenant.conversations()
        assert len(conversations) == self.timeline[-1].runs.total()
        counters = self._standin.counters()
        for conversation in conversations:
            counts = counters.conversations[conversation.id]
            assert (counts.created, counts.appends) == (1, 1), conversation.id
            assert list(counts.function_results.values()) == [1], conversation.id

    def attempts(self, activity: str) -> tuple[int, int]:
        """Count the activities of a type of all runs, and how many attempts they took, by their histories."""
        queue = pool_queue(self._installation.id, self._tenant.namespace, "default")
        found = self._installation.cluster.kubectl(
            *(f"--namespace={NAMESPACE}", "exec", "--stdin", f"deploy/{OPERATOR}", "--"),
            *("python", "-", queue),
            stdin=_HISTORIES.read_text(encoding="utf-8"),
        )
        print(found, flush=True)  # noqa: T201
        counts = json.loads(found)[activity]
        return counts["activities"], counts["attempts"]

    def _observe(self) -> Sample:
        listed = self._tenant.kubectl("get", "workerpools,pods,agentruns", "--output=json")
        found = [_Seen.model_validate(each) for each in json.loads(listed)["items"]]
        pods = [each for each in found if each.kind == "Pod"]
        going = [pod for pod in pods if pod.metadata.deletion_timestamp is None]
        ready = sum(pod.reason_of("Ready", status="True") is not None for pod in going)
        runs = [each for each in found if each.kind == "AgentRun"]
        (pool,) = (each for each in found if each.kind == "WorkerPool")
        return Sample(
            at=time.monotonic() - self._began,
            ready=ready,
            starting=len(going) - ready,
            ending=len(pods) - len(going),
            scaling=pool.status.autoscaling,
            runs=Counter(run.reason_of("Succeeded") or "New" for run in runs),
            lost=sum(run.reason_of("Succeeded", status="False") is not None for run in runs),
        )
