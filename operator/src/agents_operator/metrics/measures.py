"""What is counted and timed while the operator works."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

MINUTE, HOUR, DAY = 60, 3600, 86_400
REQUEST_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
RECONCILE_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
WAIT_SECONDS: Final = (
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    30,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    HOUR,
    6 * HOUR,
)
RUN_SECONDS: Final = (
    0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE,
    HOUR, 4 * HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY,
)  # fmt: skip


class Measures:
    """The operator's own metrics, but for what is read off the objects when it is asked for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        agent, pool = ("namespace", "agent"), ("namespace", "pool")
        self.runs = Counter(
            "durable_agents_runs_total",
            "Runs that ended, by the reason of their condition Succeeded.",
            (*agent, "reason"),
            registry=registry,
        )
        self.run_duration = Histogram(
            "durable_agents_run_duration_seconds",
            "Time from when a worker took up a run until its end, waiting included.",
            agent,
            buckets=RUN_SECONDS,
            registry=registry,
        )
        self.run_start_delay = Histogram(
            "durable_agents_run_start_delay_seconds",
            "Time from the creation of an AgentRun to the start of its workflow.",
            ("namespace",),
            buckets=WAIT_SECONDS,
            registry=registry,
        )
        self.run_queue_wait = Histogram(
            "durable_agents_run_queue_wait_seconds",
            "Time from the start of a run's workflow until a worker took it up; told when the run ends.",
            ("namespace",),
            buckets=WAIT_SECONDS,
            registry=registry,
        )
        self.tokens = Counter(
            "durable_agents_tokens_total",
            "Tokens of runs that ended, as their providers counted them.",
            (*agent, "type"),
            registry=registry,
        )
        self.turns = Counter(
            "durable_agents_run_turns_total",
            "Model calls that brought runs that ended forward.",
            agent,
            registry=registry,
        )
        self.scale_changes = Counter(
            "durable_agents_pool_scale_changes_total",
            "Changes of the number of worker pods that a WorkerPool is to have.",
            (*pool, "direction"),
            registry=registry,
        )
        self.orphans = Gauge(
            "durable_agents_orphaned_remote_agents",
            "Remote agents that could not be deleted, as recorded in ConfigMap durable-agents-orphans.",
            registry=registry,
        )
        self.reconcile = Histogram(
            "durable_agents_reconcile_duration_seconds",
            "Duration of a reconcile, whatever came of it.",
            ("controller",),
            buckets=RECONCILE_SECONDS,
            registry=registry,
        )
        self.reconcile_errors = Counter(
            "durable_agents_reconcile_errors_total",
            "Reconciles that failed and will be repeated; an object that is not Ready is no failure.",
            ("controller",),
            registry=registry,
        )
        self.sweep_errors = Counter(
            "durable_agents_sweep_errors_total",
            "Sweeps over all objects that were cut short and will be repeated.",
            registry=registry,
        )
        self.status_writes = Counter(
            "durable_agents_status_writes_total",
            "Statuses written.",
            ("kind",),
            registry=registry,
        )
        self.watch_event = Gauge(
            "durable_agents_watch_last_event_timestamp_seconds",
            "When the watch last brought an object of a kind.",
            ("kind",),
            registry=registry,
        )
        self.api_requests = Histogram(
            "durable_agents_apiserver_request_duration_seconds",
            "Time until the API server answered a request; the code is empty where no answer came.",
            ("method", "code"),
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self.provider_requests = Counter(
            "durable_agents_provider_requests_total",
            "Requests of the operator to model providers; runs are not among them.",
            registry=registry,
        )
        self.provider_responses = Counter(
            "durable_agents_provider_responses_total",
            "Answers of model providers to the operator, by status code.",
            ("code",),
            registry=registry,
        )

    def reconciled(self, controller: str, seconds: float, failed: bool) -> None:  # noqa: FBT001 -- a hook
        """Count a reconcile."""
        self.reconcile.labels(controller).observe(seconds)
        errors = self.reconcile_errors.labels(controller)
        if failed:
            errors.inc()

    def watched(self, kind: str) -> None:
        """Note that the watch brought an object."""
        self.watch_event.labels(kind).set_to_current_time()
