"""Where the statuses of AgentRuns are written, and told of as spans."""

from collections.abc import Callable
from datetime import datetime

from agents_crds.contract.run import RunOutcome
from agents_crds.v1alpha1 import AgentRun, ConditionType, Status
from agents_operator.engine.settle import Settle, Written
from agents_operator.engine.world import Cache
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import AGENT_RUNS
from agents_operator.tracing.runs import RunTraces


class RunSettle(Settle[AgentRun]):
    """Settles the reconciles of AgentRuns."""

    def __init__(
        self,
        runs: Cache[AgentRun],
        api: KubernetesApi,
        events: Events,
        traces: RunTraces,
        *,
        now: Callable[[], datetime],
        written: Written = lambda *_: None,
        measured: Callable[[AgentRun, AgentRun, RunOutcome | None], None] = lambda *_: None,
    ) -> None:
        super().__init__(
            AGENT_RUNS,
            runs,
            api,
            events,
            now=now,
            summary=ConditionType.SUCCEEDED,
            undone="Unknown",
            written=written,
        )
        self._traces, self._measured = traces, measured

    async def write(self, stored: AgentRun, status: Status, *, outcome: RunOutcome | None = None) -> AgentRun:
        """Write a status if it differs, and remember what is stored now.

        What is over by it is told to a collector, once; not where the answer to the write is lost. The
        `outcome` that the workflow reported has times to the microsecond.
        """
        fresh = await super().write(stored, status)
        if fresh is not stored:
            self._traces.written(stored, fresh, outcome)
            self._measured(stored, fresh, outcome)
        return fresh
