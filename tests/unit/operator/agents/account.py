"""What the tests see of an account, and of an Agent that is in step with it."""

from pydantic import BaseModel, ConfigDict

from agents_crds.v1alpha1 import Agent as OurAgent
from agents_operator.engine.world import Listener
from tests.standin.agents import Agent
from tests.standin.control import StandIn
from tests.unit.operator.bench import Bench

ONE_AGENT = "/v1/agents/*"
SYNCED = {
    "Accepted": "True Accepted",
    "ResolvedRefs": "True Resolved",
    "Ready": "True Synced",
    "Degraded": "False AsExpected",
}


class _Series(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    count: int


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    reason: str
    series: _Series | None = None


class _Events(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    items: tuple[_Event, ...]


class AgentChanges(Listener):
    """Counts the changes of Agents that a world hears of; each of them wakes the runs that wait."""

    def __init__(self) -> None:
        self.count = 0

    def agent_changed(self, old: OurAgent | None, new: OurAgent | None) -> None:
        self.count += old != new


def only(standin: StandIn) -> Agent:
    """Return the one remote agent there is."""
    (remote,) = standin.agents()
    return remote


async def times_told(bench: Bench, reason: str) -> int:
    """Count the events of that reason in the namespace, repetitions included."""
    path = f"apis/events.k8s.io/v1/namespaces/{bench.namespace}/events"
    events = _Events.model_validate_json(await bench.api.request("GET", path)).items
    return sum(event.series.count if event.series else 1 for event in events if event.reason == reason)
