"""What runs run on."""

from tools.metrics.grafana import Panel, Query, Row
from tools.metrics.panels.queries import OF_POOL, OF_WORKERS

POOLS = Row(
    "Worker pools",
    (
        Panel(
            "Worker pods",
            "As many as there are to be, as many as work, and as many as there may be.",
            (
                Query(
                    f"max by (namespace, pool) (durable_agents_pool_desired_replicas{{{OF_POOL}}})",
                    "{{pool}} desired",
                ),
                Query(
                    f"max by (namespace, pool) (durable_agents_pool_ready_replicas{{{OF_POOL}}})",
                    "{{pool}} ready",
                ),
                Query(
                    f"max by (namespace, pool) (durable_agents_pool_max_replicas{{{OF_POOL}}})",
                    "{{pool}} at most",
                ),
                Query(
                    f"max by (namespace, pool) (durable_agents_pool_min_replicas{{{OF_POOL}}})",
                    "{{pool}} at least",
                ),
            ),
        ),
        Panel(
            "Runs in the pool",
            "Those that wait for a provider or a person need no worker until they go on.",
            (
                Query(
                    f"max by (namespace, pool) (durable_agents_pool_executing_runs{{{OF_POOL}}})",
                    "{{pool}} executing",
                ),
                Query(
                    f"max by (namespace, pool) (durable_agents_pool_waiting_runs{{{OF_POOL}}})",
                    "{{pool}} waiting",
                ),
            ),
        ),
        Panel(
            "Backlog",
            "Tasks that wait for a worker.",
            (
                Query(
                    f"max by (namespace, pool) (durable_agents_pool_backlog_tasks{{{OF_POOL}}})", "{{pool}}"
                ),
            ),
        ),
        Panel(
            "Changes of the number of pods",
            "In an hour.",
            (
                Query(
                    "sum by (namespace, pool, direction) "
                    f"(increase(durable_agents_pool_scale_changes_total{{{OF_POOL}}}[1h]))",
                    "{{pool}} {{direction}}",
                ),
            ),
        ),
        Panel(
            "Why as many",
            "The reason of the last decision.",
            (Query(f"max by (namespace, pool, reason) (durable_agents_pool_scaling{{{OF_POOL}}})"),),
            kind="table",
        ),
        Panel(
            "Workflows that workers hold in memory",
            "A worker that needs more than it may hold replays those that waited longest.",
            (
                Query(
                    f"sum by (namespace, pod) (temporal_sticky_cache_size{{{OF_WORKERS}}})",
                    "{{pod}}",
                ),
            ),
        ),
        Panel(
            "Free slots of workers",
            "For tasks of workflows and for activities; none free is a worker at its limit.",
            (
                Query(
                    f"min by (worker_type) (temporal_worker_task_slots_available{{{OF_WORKERS}}})",
                    "{{worker_type}}",
                ),
            ),
        ),
        Panel(
            "Not the present spec",
            "Pools that do not use their present spec, since when, and why.",
            (
                Query(
                    f"1000 * max by (namespace, pool, reason) "
                    f"(durable_agents_pool_progressing_timestamp_seconds{{{OF_POOL}}})"
                ),
            ),
            unit="dateTimeAsIso",
            kind="table",
        ),
    ),
)
