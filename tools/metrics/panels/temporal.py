"""What Temporal's SDK tells of operator and workers."""

from tools.metrics.grafana import Panel, Query, Row
from tools.metrics.panels.queries import sdk_quantile, sdk_rate

TEMPORAL = Row(
    "Temporal",
    (
        Panel(
            "Requests that fail",
            "Of operator and workers, by operation.",
            (
                Query(
                    f"sum by (operation, status_code) {sdk_rate('temporal_request_failure_total')}",
                    "{{operation}} {{status_code}}",
                ),
            ),
            unit="ops",
        ),
        Panel(
            "Duration of requests",
            "19 of 20, by operation.",
            (Query(sdk_quantile(0.95, "temporal_request_latency_seconds", "operation"), "{{operation}}"),),
            unit="s",
        ),
        Panel(
            "Wait of tasks",
            "From when a task is scheduled until a worker takes it, 19 of 20.",
            (
                Query(
                    sdk_quantile(
                        0.95, "temporal_workflow_task_schedule_to_start_latency_seconds", "task_queue"
                    ),
                    "{{task_queue}} workflow",
                ),
                Query(
                    sdk_quantile(0.95, "temporal_activity_schedule_to_start_latency_seconds", "task_queue"),
                    "{{task_queue}} activity",
                ),
            ),
            unit="s",
        ),
    ),
)
