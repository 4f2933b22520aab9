"""How runs do, for those whose runs they are."""

from tools.metrics.grafana import Panel, Query, Row
from tools.metrics.panels.queries import OF_AGENT, OF_NAMESPACE, RATE, quantile

RUNS = Row(
    "Runs",
    (
        Panel(
            "Success rate",
            "Of the runs that ended in the time shown, but those that people stopped.",
            (
                Query(
                    f'sum(increase(durable_agents_runs_total{{{OF_AGENT},reason="Succeeded"}}[$__range])) / '
                    f'sum(increase(durable_agents_runs_total{{{OF_AGENT},reason!~"Cancelled|Stopped|Terminated"}}'
                    "[$__range]))"
                ),
            ),
            unit="percentunit",
            kind="stat",
            width=6,
        ),
        Panel(
            "Runs that ended",
            "In the time shown.",
            (Query(f"sum(increase(durable_agents_runs_total{{{OF_AGENT}}}[$__range]))"),),
            kind="stat",
            width=6,
        ),
        Panel(
            "Unfinished runs",
            "Runs that have not ended.",
            (Query(f"sum(durable_agents_unfinished_runs{{{OF_AGENT}}})"),),
            kind="stat",
            width=6,
        ),
        Panel(
            "Tokens",
            "Of the runs that ended in the time shown.",
            (Query(f"sum(increase(durable_agents_tokens_total{{{OF_AGENT}}}[$__range]))"),),
            kind="stat",
            width=6,
        ),
        Panel(
            "Runs by outcome",
            "How runs end, by the reason of their condition Succeeded.",
            (
                Query(
                    f"sum by (reason) (rate(durable_agents_runs_total{{{OF_AGENT}}}[{RATE}]))", "{{reason}}"
                ),
            ),
            unit="ops",
            stacked=True,
        ),
        Panel(
            "Unfinished runs by what they do",
            "Running, or what they wait for.",
            (Query(f"sum by (reason) (durable_agents_unfinished_runs{{{OF_AGENT}}})", "{{reason}}"),),
            stacked=True,
        ),
        Panel(
            "Duration of runs",
            "From when a worker took a run up to its end, waiting included; half of the runs, and 19 of 20.",
            (
                Query(
                    quantile(0.5, "durable_agents_run_duration_seconds", OF_AGENT, "agent"), "{{agent}} half"
                ),
                Query(
                    quantile(0.95, "durable_agents_run_duration_seconds", OF_AGENT, "agent"),
                    "{{agent}} 19 of 20",
                ),
            ),
            unit="s",
        ),
        Panel(
            "Wait for a worker",
            "From the start of the workflow until a worker took it up, of runs that ended; 19 of 20.",
            (
                Query(
                    quantile(0.95, "durable_agents_run_queue_wait_seconds", OF_NAMESPACE, "namespace"),
                    "{{namespace}}",
                ),
            ),
            unit="s",
        ),
        Panel(
            "Tokens by Agent",
            "As the providers counted them, when their runs end.",
            (
                Query(
                    f"sum by (agent, type) (rate(durable_agents_tokens_total{{{OF_AGENT}}}[{RATE}]))",
                    "{{agent}} {{type}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Model calls per run",
            "Of the runs that ended.",
            (
                Query(
                    f"sum by (agent) (rate(durable_agents_run_turns_total{{{OF_AGENT}}}[{RATE}])) / "
                    f"sum by (agent) (rate(durable_agents_runs_total{{{OF_AGENT}}}[{RATE}]))",
                    "{{agent}}",
                ),
            ),
        ),
    ),
)
