"""What is read off the objects when Prometheus asks; only the leader tells it, for both see the same.

It is read in a thread of its own, while objects change: a cache is copied in one step when it is iterated.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from agents_crds.v1alpha1 import AgentRun, ConditionType, StoredObject, WorkerPool
from agents_crds.v1alpha1.meta import NEVER
from agents_operator.engine.conditions import find
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.world import Key, World

POOL = ("namespace", "pool")
Rows = Iterable[tuple[tuple[str, ...], float]]


class LeaderCollector(Collector):
    """Tells whether this process leads, and while it does, how the objects and the queues are."""

    def __init__(self, world: World, queues: tuple[WorkQueue[Key], ...], leads: Callable[[], bool]) -> None:
        self._world = world
        self._queues = queues
        self._leads = leads

    def describe(self) -> Iterable[Metric]:
        """Name nothing in advance."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Read them off."""
        leads = self._leads()
        yield gauge("leader", "1 in the replica that acts, 0 in the other.", (), [((), float(leads))])
        if leads:
            yield from queue_metrics(self._queues)
            yield from object_metrics(self._world)
            yield from run_metrics(self._world)
            yield from pool_metrics(tuple(self._world.pools))


def gauge(name: str, help_: str, labels: tuple[str, ...], rows: Rows) -> Metric:
    """Make a metric of its rows."""
    metric = GaugeMetricFamily(f"durable_agents_{name}", help_, labels=labels)
    for values, value in rows:
        metric.add_metric(values, value)
    return metric


def queue_metrics(queues: tuple[WorkQueue[Key], ...]) -> Iterator[Metric]:
    """Tell how much there is to reconcile."""
    yield gauge(
        "workqueue_depth",
        "Objects that wait for a reconcile or are being reconciled.",
        ("controller",),
        [((queue.name,), len(queue)) for queue in queues],
    )
    yield gauge(
        "workqueue_longest_running_seconds",
        "Age of the oldest reconcile that is going on.",
        ("controller",),
        [((queue.name,), queue.longest) for queue in queues],
    )


def object_metrics(world: World) -> Iterator[Metric]:
    """Tell which objects are Ready, and since when the others are not."""
    counts: Counter[tuple[str, ...]] = Counter()
    unready: list[tuple[tuple[str, ...], float]] = []
    for each in definitions(world):
        kind, metadata = type(each).__name__, each.metadata
        ready = find(each.status.conditions, ConditionType.READY)
        counts[kind, metadata.namespace, ready.status if ready else "Unknown"] += 1
        if ready is None or ready.status != "True":
            reason = ready.reason if ready else "Pending"
            since = moment(each, ready.last_transition_time if ready else NEVER)
            unready.append(((kind, metadata.namespace, metadata.name, reason), since))
    yield gauge("resources", "Objects.", ("kind", "namespace", "ready"), counts.items())
    yield gauge(
        "resource_not_ready_timestamp_seconds",
        "Since when an object is not Ready; one that is has no such series.",
        ("kind", "namespace", "name", "reason"),
        unready,
    )


def definitions(world: World) -> Iterator[StoredObject]:
    """Iterate over all objects that can be Ready."""
    for cache in (world.agents, world.providers, world.pools, world.mcp_servers, world.temporal_connections):
        yield from cache


def run_metrics(world: World) -> Iterator[Metric]:
    """Tell of the runs that have not ended."""
    counts: Counter[tuple[str, ...]] = Counter()
    oldest: dict[tuple[str, ...], float] = {}
    for run in world.runs:
        namespace, agent = run.metadata.namespace, known_agent(world, run)
        known = find(run.status.conditions, ConditionType.SUCCEEDED)
        reason = known.reason if known else "Pending"
        counts[namespace, agent, reason] += 1
        if run.status.workflow_id is None:
            place, since = (namespace, agent, reason), moment(run, NEVER)
            oldest[place] = min(since, oldest.get(place, since))
    labels = ("namespace", "agent", "reason")
    yield gauge(
        "unfinished_runs", "Runs that have not ended, by what they do or wait for.", labels, counts.items()
    )
    yield gauge(
        "oldest_unstarted_run_timestamp_seconds",
        "When the oldest run was created whose workflow was not started yet.",
        labels,
        oldest.items(),
    )


def known_agent(world: World, run: AgentRun) -> str:
    """Name a run's Agent; empty where there is none of that name, for anybody may make names up."""
    namespace, name = run.metadata.namespace, run.spec.agent_ref.name
    return name if world.agents.named(namespace, name) else ""


def pool_metrics(pools: tuple[WorkerPool, ...]) -> Iterator[Metric]:
    """Tell what the autoscaler saw, and what it made of it."""
    scaled = [(place(pool), pool.status.autoscaling) for pool in pools if pool.status.autoscaling]
    bounded = [(place(pool), pool.spec.autoscaling) for pool in pools if pool.spec.is_autoscaled]
    yield gauge(
        "pool_desired_replicas",
        "Worker pods that all builds of a WorkerPool are to have together.",
        POOL,
        [(at, status.desired_replicas) for at, status in scaled],
    )
    yield gauge(
        "pool_ready_replicas",
        "Worker pods that work.",
        POOL,
        [(place(pool), pool.status.ready_replicas or 0) for pool in pools],
    )
    yield gauge(
        "pool_min_replicas",
        "Fewest worker pods of a WorkerPool whose autoscaling is Auto.",
        POOL,
        [(at, spec.min_replicas) for at, spec in bounded if spec],
    )
    yield gauge(
        "pool_max_replicas",
        "Most worker pods of one build of a WorkerPool whose autoscaling is Auto.",
        POOL,
        [(at, spec.max_replicas) for at, spec in bounded if spec],
    )
    yield gauge(
        "pool_executing_runs",
        "Runs that execute, or wait for a worker to begin.",
        POOL,
        [(at, status.executing_runs) for at, status in scaled],
    )
    yield gauge(
        "pool_waiting_runs",
        "Runs that wait for a provider or a person, and need no worker until they go on.",
        POOL,
        [(at, status.waiting_runs) for at, status in scaled],
    )
    yield gauge(
        "pool_backlog_tasks",
        "Tasks that wait for a worker.",
        POOL,
        [(at, status.backlog) for at, status in scaled],
    )
    yield gauge(
        "pool_scaling",
        "1 for the reason why a WorkerPool is to have as many worker pods.",
        (*POOL, "reason"),
        [((*at, status.reason), 1) for at, status in scaled],
    )
    yield gauge(
        "pool_progressing_timestamp_seconds",
        "Since when the current spec of a WorkerPool is not what new runs go to.",
        (*POOL, "reason"),
        [
            ((*place(pool), found.reason), moment(pool, found.last_transition_time))
            for pool in pools
            if (found := find(pool.status.conditions, ConditionType.PROGRESSING)) and found.status == "True"
        ],
    )


def place(pool: WorkerPool) -> tuple[str, str]:
    """Return the labels of a pool."""
    return pool.metadata.namespace, pool.metadata.name


def moment(stored: StoredObject, transition: datetime) -> float:
    """Return when a condition changed; it never did where nobody has looked at the object yet."""
    created = stored.metadata.creation_timestamp
    return (transition if transition > NEVER or created is None else created).timestamp()
