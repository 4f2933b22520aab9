"""What a worker tells Prometheus; docs/metrics.md lists it."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from agents_crds.contract.run import Usage
from agents_crds.contract.sdk_metrics import SdkMetrics
from agents_crds.telemetry.logs import LogFormat
from agents_worker.chat_messages import ChatAnswer, ChatRequest
from agents_worker.messages import (
    ConversationRestart,
    ConversationStart,
    McpToolCall,
    ModelAnswer,
    ResultsAppend,
    ToolCall,
    ToolResult,
)
from agents_worker.pages import serve_pages

SUCCEEDED, FAILED, CANCELLED = "Succeeded", "Failed", "Cancelled"
MODEL_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300)
TOOL_SECONDS = (0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)

ModelCall = ConversationStart | ResultsAppend | ConversationRestart | ChatRequest


class Measures:
    """What is counted and timed of calls; each attempt is one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        model, tool = ("provider", "model"), ("tool",)
        self.model_calls = Counter(
            "durable_agents_model_calls_total",
            "Attempts of model calls, by what became of them: Succeeded, Throttled, Cancelled or the reason.",
            (*model, "outcome"),
            registry=registry,
        )
        self.model_duration = Histogram(
            "durable_agents_model_call_duration_seconds",
            "Duration of an attempt of a model call, whatever became of it.",
            model,
            buckets=MODEL_SECONDS,
            registry=registry,
        )
        self.model_repeats = Counter(
            "durable_agents_model_call_repeats_total",
            "Attempts of model calls that were not the first.",
            model,
            registry=registry,
        )
        self.model_tokens = Counter(
            "durable_agents_model_tokens_total",
            "Tokens of model calls, as their providers counted them.",
            (*model, "type"),
            registry=registry,
        )
        self.tool_calls = Counter(
            "durable_agents_tool_calls_total",
            "Attempts of tool calls, by what became of them: Succeeded, Failed or Cancelled.",
            (*tool, "outcome"),
            registry=registry,
        )
        self.tool_duration = Histogram(
            "durable_agents_tool_call_duration_seconds",
            "Duration of an attempt of a tool call, whatever became of it.",
            tool,
            buckets=TOOL_SECONDS,
            registry=registry,
        )
        self.tool_repeats = Counter(
            "durable_agents_tool_call_repeats_total",
            "Attempts of tool calls that were not the first.",
            tool,
            registry=registry,
        )

    def model_called(
        self, call: ModelCall, answer: ModelAnswer | ChatAnswer | None, outcome: str, seconds: float
    ) -> None:
        """Count an attempt of a model call; `answer` is what it brought."""
        labels = call.provider.name, model_of(call, answer)
        self.model_calls.labels(*labels, outcome).inc()
        self.model_duration.labels(*labels).observe(seconds)
        self.model_repeats.labels(*labels).inc(activity.info().attempt > 1)
        for type_, tokens in tokens_by_type(answer.usage if answer else Usage()):
            self.model_tokens.labels(*labels, type_).inc(tokens)

    def tool_called(self, call: ToolCall | McpToolCall, outcome: str, seconds: float) -> None:
        """Count an attempt of a tool call."""
        self.tool_calls.labels(call.name, outcome).inc()
        self.tool_duration.labels(call.name).observe(seconds)
        self.tool_repeats.labels(call.name).inc(activity.info().attempt > 1)


class MeasuredCalls(Interceptor):
    """Measures the activities that call models and tools."""

    def __init__(self, measures: Measures) -> None:
        self._measures = measures

    # Temporal names the argument `next`.
    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Wrap an activity."""
        return _Measured(next, self._measures)


class _Measured(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, measures: Measures) -> None:
        super().__init__(following)
        self._measures = measures

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 -- named by Temporal
        began = time.monotonic()
        try:
            result = await super().execute_activity(input)
        except BaseException as error:
            self._note(input.args, None, outcome_of(error), time.monotonic() - began)
            raise
        self._note(input.args, result, SUCCEEDED, time.monotonic() - began)
        return result

    def _note(self, arguments: Sequence[Any], result: Any, outcome: str, seconds: float) -> None:
        match arguments, result:
            case [ConversationStart() | ResultsAppend() | ConversationRestart() | ChatRequest() as call], _:
                answer = result if isinstance(result, ModelAnswer | ChatAnswer) else None
                self._measures.model_called(call, answer, outcome, seconds)
            case [ToolCall() | McpToolCall() as call], ToolResult(failed=failed):
                self._measures.tool_called(call, FAILED if failed else outcome, seconds)
            case [ToolCall() | McpToolCall() as call], _:
                self._measures.tool_called(call, outcome, seconds)
            case _:
                pass


def outcome_of(error: BaseException) -> str:
    """Name what became of an attempt that failed; there are few such names."""
    match error:
        case asyncio.CancelledError():
            return CANCELLED
        case ApplicationError(type=str(type_)):
            return type_
        case _:
            return FAILED


def model_of(call: ModelCall, answer: ModelAnswer | ChatAnswer | None) -> str:
    """Name the model that was asked for, or else the one that answered; empty where neither is told."""
    return call.origin.model or (answer.model if answer else "")


def tokens_by_type(usage: Usage) -> Iterator[tuple[str, int]]:
    """Return the tokens of each type."""
    yield "prompt", usage.prompt_tokens
    yield "completion", usage.completion_tokens
    yield "connector", usage.connector_tokens


@contextmanager
def serve_metrics(port: int, form: LogFormat = LogFormat.TEXT) -> Iterator[tuple[Interceptor, ...]]:
    """Serve /metrics while the block runs, of what the interceptors see and of what Temporal's SDK tells.

    To be entered before the first client of Temporal is made. Raises PortTakenError.
    """
    # A second series for each, of when it began.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    measures, sdk = Measures(registry), SdkMetrics.serving(form)

    def page() -> tuple[int, str]:
        return 200, (generate_latest(registry) + sdk.read()).decode()

    with serve_pages({"/metrics": page}, port, "to tell its metrics"):
        yield (MeasuredCalls(measures),)
