"""How the operator does."""

from tools.metrics.grafana import Panel, Query, Row
from tools.metrics.panels.queries import OF_NAMESPACE, RATE, quantile

OPERATOR = Row(
    "Operator",
    (
        Panel(
            "Leader",
            "Replicas that lead: one is right.",
            (Query("sum by (job) (durable_agents_leader)", "{{job}}"),),
            kind="stat",
            width=6,
        ),
        Panel(
            "Orphaned remote agents",
            "Remote agents that could not be deleted.",
            (Query("max by (job) (durable_agents_orphaned_remote_agents)", "{{job}}"),),
            kind="stat",
            width=6,
        ),
        Panel(
            "Objects that are not Ready",
            "Of all kinds.",
            (Query(f'sum(durable_agents_resources{{{OF_NAMESPACE},ready!="True"}}) or vector(0)'),),
            kind="stat",
            width=6,
        ),
        Panel(
            "Slowest watch",
            "Time since the watch last brought an object, of the kind of which that is longest ago.",
            (Query("time() - min(durable_agents_watch_last_event_timestamp_seconds)"),),
            unit="s",
            kind="stat",
            width=6,
        ),
        Panel(
            "Reconciles",
            "And those that failed.",
            (
                Query(
                    f"sum by (controller) (rate(durable_agents_reconcile_duration_seconds_count[{RATE}]))",
                    "{{controller}}",
                ),
                Query(
                    f"sum by (controller) (rate(durable_agents_reconcile_errors_total[{RATE}]))",
                    "{{controller}} failed",
                ),
                Query(f"sum(rate(durable_agents_sweep_errors_total[{RATE}]))", "sweeps failed"),
            ),
            unit="ops",
        ),
        Panel(
            "Duration of reconciles",
            "19 of 20.",
            (
                Query(
                    quantile(0.95, "durable_agents_reconcile_duration_seconds", "", "controller"),
                    "{{controller}}",
                ),
            ),
            unit="s",
        ),
        Panel(
            "Objects to reconcile",
            "Those that wait, and those that are being reconciled.",
            (Query("max by (controller) (durable_agents_workqueue_depth)", "{{controller}}"),),
        ),
        Panel(
            "Requests to the API server",
            "By method and status code; without a code no answer came.",
            (
                Query(
                    "sum by (method, code) "
                    f"(rate(durable_agents_apiserver_request_duration_seconds_count[{RATE}]))",
                    "{{method}} {{code}}",
                ),
            ),
            unit="ops",
        ),
        Panel(
            "Requests to providers",
            "Of the operator itself, for agents and keys; 429 is a rate limit.",
            (
                Query(f"sum(rate(durable_agents_provider_requests_total[{RATE}]))", "sent"),
                Query(
                    f"sum by (code) (rate(durable_agents_provider_responses_total[{RATE}]))",
                    "answered {{code}}",
                ),
            ),
            unit="ops",
        ),
        Panel(
            "Not Ready, since when and why",
            "Objects whose condition Ready is not True.",
            (
                Query(
                    "1000 * max by (kind, namespace, name, reason) "
                    f"(durable_agents_resource_not_ready_timestamp_seconds{{{OF_NAMESPACE}}})"
                ),
            ),
            unit="dateTimeAsIso",
            kind="table",
            width=16,
        ),
        Panel(
            "Memory",
            "Resident, of the operator's processes.",
            (
                Query(
                    "process_resident_memory_bytes and on (job, instance) durable_agents_leader",
                    "{{instance}}",
                ),
            ),
            unit="bytes",
        ),
    ),
)
