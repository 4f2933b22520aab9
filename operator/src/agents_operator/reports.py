"""What every replica answers in each Temporal: the activities by which workflows tell and ask."""

from collections.abc import Callable
from dataclasses import dataclass

from temporalio.worker import Worker

from agents_crds.contract.names import operator_queue
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.served import Served
from agents_operator.engine.world import Key, World
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.mcpservers.changed import McpServerChanges
from agents_operator.runs.progress import ProgressReport
from agents_operator.runs.record import Outcomes
from agents_operator.runs.report import Report
from agents_operator.runs.resolve import Resolve
from agents_operator.temporal.places import OWN
from agents_operator.temporal.servers import TemporalServer, TemporalServers
from agents_operator.tracing.runs import RunTraces

AT_ONCE = 16
"""How many reports from the Temporal of a TemporalConnection are taken at the same time."""
EACH_SECOND = 50.0
"""How many of them are taken in a second: each costs some milliseconds, and may cost a list of runs."""


@dataclass(frozen=True)
class Reports:
    """Makes the workers of the operator's task queue, which is one in each Temporal."""

    world: World
    api: KubernetesApi
    served: Served
    outcomes: Outcomes
    progress: ProgressReport
    mcp_servers: WorkQueue[Key]
    traces: RunTraces
    servers: TemporalServers
    installation: str
    leads: Callable[[], bool]

    def worker(self, server: TemporalServer) -> Worker:
        """Return the worker for one server: it hears of nothing but what is kept there."""
        installation = self.installation
        report = Report(self.outcomes, self.progress, server, installation)
        resolve = Resolve(
            self.world,
            self.api,
            self.served,
            server.place,
            self.traces,
            installation=installation,
            state_attribute=server.state_attribute,
            shared=lambda: self.servers.is_shared(server),
        )
        changes = McpServerChanges(self.world, self.mcp_servers, server.place, installation, leads=self.leads)
        return Worker(
            server.client,
            task_queue=operator_queue(installation),
            activities=[report.report, report.input_required, resolve.resolve, changes.changed],
            # Whoever runs another Temporal can make up as many as they like.
            max_concurrent_activities=None if server.place == OWN else AT_ONCE,
            max_activities_per_second=None if server.place == OWN else EACH_SECOND,
        )
