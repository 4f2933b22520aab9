"""What runs call."""

from tools.metrics.grafana import Panel, Query, Row
from tools.metrics.panels.queries import OF_NAMESPACE, RATE, quantile

CALLS = Row(
    "Models and tools",
    (
        Panel(
            "Model calls by outcome",
            "Attempts; one that is Throttled is made again after a while.",
            (
                Query(
                    "sum by (provider, outcome) "
                    f"(rate(durable_agents_model_calls_total{{{OF_NAMESPACE}}}[{RATE}]))",
                    "{{provider}} {{outcome}}",
                ),
            ),
            unit="ops",
            stacked=True,
        ),
        Panel(
            "Duration of model calls",
            "19 of 20 attempts.",
            (
                Query(
                    quantile(
                        0.95, "durable_agents_model_call_duration_seconds", OF_NAMESPACE, "provider, model"
                    ),
                    "{{provider}} {{model}}",
                ),
            ),
            unit="s",
        ),
        Panel(
            "Tokens by model",
            "As the providers counted them.",
            (
                Query(
                    "sum by (provider, model, type) "
                    f"(rate(durable_agents_model_tokens_total{{{OF_NAMESPACE}}}[{RATE}]))",
                    "{{provider}} {{model}} {{type}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Repeated calls",
            "Attempts that were not the first, of model calls and of tools.",
            (
                Query(
                    "sum by (provider) "
                    f"(rate(durable_agents_model_call_repeats_total{{{OF_NAMESPACE}}}[{RATE}]))",
                    "{{provider}}",
                ),
                Query(
                    f"sum by (tool) (rate(durable_agents_tool_call_repeats_total{{{OF_NAMESPACE}}}[{RATE}]))",
                    "{{tool}}",
                ),
            ),
            unit="ops",
        ),
        Panel(
            "Tool calls by outcome",
            "Attempts; a failure is a text that the model reads.",
            (
                Query(
                    "sum by (tool, outcome) "
                    f"(rate(durable_agents_tool_calls_total{{{OF_NAMESPACE}}}[{RATE}]))",
                    "{{tool}} {{outcome}}",
                ),
            ),
            unit="ops",
            stacked=True,
        ),
        Panel(
            "Duration of tool calls",
            "19 of 20 attempts.",
            (
                Query(
                    quantile(0.95, "durable_agents_tool_call_duration_seconds", OF_NAMESPACE, "tool"),
                    "{{tool}}",
                ),
            ),
            unit="s",
        ),
    ),
)
