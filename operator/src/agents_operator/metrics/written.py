"""What is learnt from the statuses that this process writes: each end of a run is written by one process."""

from collections.abc import Mapping
from datetime import datetime

from agents_crds.contract.run import RunOutcome
from agents_crds.v1alpha1 import (
    Agent,
    AgentRun,
    ConditionType,
    StoredObject,
    WorkerPool,
)
from agents_crds.v1alpha1.agentrun import Usage
from agents_operator.engine.conditions import find
from agents_operator.engine.world import Listener, World
from agents_operator.metrics.measures import Measures
from agents_operator.metrics.world import known_agent


class Writes(Listener):
    """Counts what the writes of statuses tell."""

    def __init__(self, measures: Measures, world: World) -> None:
        self._measures = measures
        self._world = world

    def written(self, before: StoredObject, after: StoredObject) -> None:
        """Count a write, by the object as it was and as it is stored now."""
        self._measures.status_writes.labels(type(after).__name__).inc()
        match before, after:
            case WorkerPool(), WorkerPool():
                self._count_pool(before, after)
            case _:
                pass

    def run_written(self, before: AgentRun, after: AgentRun, outcome: RunOutcome | None) -> None:
        """Count what became of a run by a write; `outcome` is what its workflow reported."""
        status = after.status
        if before.status.workflow_run_id is None and status.workflow_run_id is not None:
            self._measures.run_start_delay.labels(after.metadata.namespace).observe(
                seconds(after.metadata.creation_timestamp, status.start_time)
            )
        if status.finished and not before.status.finished:
            self._count_end(before, after, outcome)

    def agent_changed(self, old: Agent | None, new: Agent | None) -> None:
        """Drop what was counted of an Agent that is gone, and of its namespace with the last one."""
        if old is None or new is not None:
            return
        of, namespace = self._measures, old.metadata.namespace
        for measure in (of.runs, of.run_duration, of.tokens, of.turns):
            measure.remove_by_labels({"namespace": namespace, "agent": old.metadata.name})
        if next(self._world.agents.within(namespace), None) is None:
            self._drop_namespace(namespace)

    def pool_changed(self, old: WorkerPool | None, new: WorkerPool | None) -> None:
        """Do so for a WorkerPool, which outlives its runs."""
        if old is None or new is not None:
            return
        namespace = old.metadata.namespace
        labels = {"namespace": namespace, "pool": old.metadata.name}
        self._measures.scale_changes.remove_by_labels(labels)
        if next(self._world.agents.within(namespace), None) is None:
            self._drop_namespace(namespace)

    def _drop_namespace(self, namespace: str) -> None:
        """Drop what is left of a namespace, as of runs that named Agents that there were not."""
        of = self._measures
        for measure in (of.runs, of.run_duration, of.tokens, of.turns, of.run_start_delay, of.run_queue_wait):
            measure.remove_by_labels({"namespace": namespace})

    def _count_end(self, before: AgentRun, run: AgentRun, outcome: RunOutcome | None) -> None:
        status, measures = run.status, self._measures
        namespace, agent = run.metadata.namespace, known_agent(self._world, run)
        end = find(status.conditions, ConditionType.SUCCEEDED)
        measures.runs.labels(namespace, agent, end.reason if end else "").inc()
        # A status has whole seconds.
        began, ended = status.start_time, status.completion_time
        if outcome is not None:
            began, ended = outcome.started_at, outcome.finished_at
            # What it waited for before, as for a conversation or its Agent, is no lack of workers.
            since = before.status.start_time or run.metadata.creation_timestamp
            measures.run_queue_wait.labels(namespace).observe(seconds(since, began))
        if began is not None:
            measures.run_duration.labels(namespace, agent).observe(seconds(began, ended))
        measures.turns.labels(namespace, agent).inc(status.turns or 0)
        for type_, tokens in tokens_by_type(status.usage or Usage()).items():
            measures.tokens.labels(namespace, agent, type_).inc(tokens)

    def _count_pool(self, before: WorkerPool, after: WorkerPool) -> None:
        old, new = before.status.autoscaling, after.status.autoscaling
        if old is None or new is None or old.desired_replicas == new.desired_replicas:
            return
        self._measures.scale_changes.labels(
            after.metadata.namespace,
            after.metadata.name,
            "up" if new.desired_replicas > old.desired_replicas else "down",
        ).inc()


def seconds(since: datetime | None, until: datetime | None) -> float:
    """Return the time between two moments by clocks that may differ; none where one is not known."""
    if since is None or until is None:
        return 0.0
    return max((until - since).total_seconds(), 0.0)


def tokens_by_type(usage: Usage) -> Mapping[str, int]:
    """Name the tokens by their type."""
    return {
        "prompt": usage.prompt_tokens,
        "completion": usage.completion_tokens,
        "connector": usage.connector_tokens,
    }
