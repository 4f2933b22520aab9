"""What the dashboard shows: first to those whose runs they are, then to those who run the platform."""

from tools.metrics.grafana import Json, Variable, dashboard
from tools.metrics.panels.calls import CALLS
from tools.metrics.panels.operator import OPERATOR
from tools.metrics.panels.pools import POOLS
from tools.metrics.panels.runs import RUNS
from tools.metrics.panels.temporal import TEMPORAL

VARIABLES = (
    Variable("namespace", "Namespace", "label_values(durable_agents_resources, namespace)"),
    Variable("agent", "Agent", 'label_values(durable_agents_runs_total{namespace=~"$namespace"}, agent)'),
    Variable(
        "pool",
        "WorkerPool",
        'label_values(durable_agents_pool_ready_replicas{namespace=~"$namespace"}, pool)',
    ),
)


def made_dashboard() -> Json:
    """Write the dashboard."""
    return dashboard("durable-agents", "Durable Agents", VARIABLES, (RUNS, CALLS, POOLS, OPERATOR, TEMPORAL))
