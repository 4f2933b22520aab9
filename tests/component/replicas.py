"""Two replicas of the operator, what they wrote as the API server saw it, and work that must be done once."""

import itertools
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from agents_crds.contract.names import NAME_KEY
from tests.component.platform import Operator, Platform
from tests.component.tenant import METER, Tenant, agent_spec
from tests.user import eventually, manifest
from tools.local import audit

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
AGENT = re.compile(r"durable-agents-operator \((?P<identity>[^;]+); (?P<role>leader|replica)\)")
# What a replica asks of its own rights, and who leads.
ONES_OWN = frozenset({"selfsubjectaccessreviews", "leases"})
LEADS, STANDS_BY = "ok\n", "standby, "


@dataclass(frozen=True)
class Write:
    """A request of a replica that would change something."""

    at: datetime
    by: str
    role: str
    resource: str
    accepted: bool


@dataclass(frozen=True)
class Pair:
    """The replica that leads at first, and the other."""

    platform: Platform
    first: Operator
    second: Operator
    skip: int
    """Requests in the audit log of before."""

    def writes(self, role: str) -> list[Write]:
        """What both wrote in a role, the oldest first."""
        asked = audit.requests(self.platform.control_plane.audit_log, skip=self.skip)
        found = (write for request in asked if (write := _write(request)) is not None)
        return sorted((write for write in found if write.role == role), key=lambda write: write.at)

    def leaders(self) -> list[str]:
        """Who acted, one after the other: a name is there again if its writes lie between another's."""
        return [name for name, _ in itertools.groupby(write.by for write in self.writes("leader"))]

    def until_acts(self, replica: Operator, since: datetime, *, role: str = "leader") -> float:
        """Wait until a replica has written to objects of ours; return after how many seconds that was."""

        def writes() -> list[Write]:
            found = (each for each in self.writes(role) if each.resource not in ONES_OWN)
            return [each for each in found if each.by == replica.service.name and each.at > since]

        return (eventually(writes, bool)[0].at - since).total_seconds()

    @staticmethod
    def until_ended(replica: Operator) -> None:
        """Wait until a process has ended."""
        eventually(lambda: replica.runs, lambda runs: not runs)


@dataclass
class Work:
    """Agents, each with a run of its own."""

    tenant: Tenant
    names: list[str] = field(default_factory=list)

    def add(self, count: int) -> tuple[str, ...]:
        """Apply more of both at once; return their names."""
        added = tuple(f"worker-{len(self.names) + number}" for number in range(count))
        self.names += added
        agents = (manifest("Agent", name, agent_spec()) for name in added)
        runs = (manifest("AgentRun", name, {"agentRef": {"name": name}, "input": METER}) for name in added)
        self.tenant.apply(*agents, *runs)
        return added

    def wait(self, *names: str, timeout: int = 60) -> None:
        """Wait until these Agents are Ready and their runs have succeeded; none named means all."""
        for kind, condition in (("agent", "Ready"), ("agentrun", "Succeeded")):
            targets = [f"{kind}/{name}" for name in names or self.names]
            self.tenant.kubectl("wait", *targets, f"--for=condition={condition}", f"--timeout={timeout}s")

    def assert_done_once(self) -> None:
        """See that every Agent has one remote agent, and that every run has done what it does, once."""
        self.wait()
        remote = Counter(
            (agent.current.metadata or {}).get(NAME_KEY) for agent in self.tenant.remote_agents()
        )
        assert remote == dict.fromkeys(self.names, 1)
        conversations = [each.id for each in self.tenant.conversations()]
        assert len(conversations) == len(self.names)
        counters = self.tenant.platform.standin.counters().conversations
        for counts in (counters[each] for each in conversations):
            assert (counts.created, counts.appends) == (1, 1)
            assert list(counts.function_results.values()) == [1]
        assert len(self.tenant.tool_calls()) == len(self.names)


class HalfWay:
    """Three runs whose model waits to be told what a tool said, until they are let go on."""

    def __init__(self, pair: Pair, work: Work) -> None:
        self._standin = pair.platform.standin
        self._hold: str | None = self._standin.hold("POST", "/v1/conversations/*", times=3)
        self.names = work.add(3)
        self._standin.wait_until_held(self._hold, at_least=3)

    def go_on(self) -> None:
        """Let them, if they were not let before."""
        if self._hold is not None:
            self._standin.release(self._hold)
        self._hold = None


@contextmanager
def half_done(pair: Pair, work: Work) -> Iterator[HalfWay]:
    """Let something happen to the replica that leads when runs are half way and a remote agent is being made.

    The runs go on right afterwards, and the answer about the remote agent comes when another one has acted.
    """
    standin = pair.platform.standin
    half_way = HalfWay(pair, work)
    made = standin.hold("POST", "/v1/agents", at="after", abandoned="finish", times=1)
    work.add(3)
    standin.wait_until_held(made)
    since = datetime.now(UTC)
    yield half_way
    # Nobody leads now.
    work.add(3)
    half_way.go_on()
    pair.until_acts(pair.second, since)
    standin.release(made)


def leads(replica: Operator) -> bool:
    return replica.answers("readyz") == (200, LEADS)


def stands_by(replica: Operator) -> bool:
    status, text = replica.answers("readyz")
    return status == 200 and text.startswith(STANDS_BY)


def send(replica: Operator, number: signal.Signals) -> None:
    """Send a signal to the process."""
    pid = replica.processes.pid(replica.service.name)
    assert pid is not None
    os.kill(pid, number)


def _write(request: audit.Request) -> Write | None:
    who = AGENT.fullmatch(request.user_agent)
    about = request.object_ref
    if who is None or about is None or request.verb not in WRITES:
        return None
    resource = "/".join(filter(None, (about.resource, about.subresource)))
    answer = request.response_status
    accepted = answer is not None and answer.code < 300
    return Write(request.received, who["identity"], who["role"], resource, accepted)
