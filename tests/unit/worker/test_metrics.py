"""What a worker counts of the calls that it makes."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from prometheus_client import CollectorRegistry
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ActivityOutboundInterceptor, ExecuteActivityInput

from agents_crds.contract.run import ProviderSnapshot, Usage
from agents_worker.messages import (
    ConversationOpening,
    ModelAnswer,
    Origin,
    ResultsAppend,
    ToolCall,
    ToolResult,
)
from agents_worker.metrics import MeasuredCalls, Measures, serve_metrics
from agents_worker.pages import PortTakenError
from tools.local.ports import free_ports

PROVIDER = ProviderSnapshot(name="default", url="http://p", key_path="k", queue="q")
APPEND = ResultsAppend(provider=PROVIDER, conversation_id="c", results=(), repeated=False)
ANSWER = ModelAnswer(
    conversation_id="c", entries=(), usage=Usage(prompt_tokens=7, completion_tokens=3), model="medium-2508"
)
CALL = ToolCall(name="read_meter", arguments="{}")


class Last(ActivityInboundInterceptor):
    """Ends as it is told to."""

    def __init__(self, end: Callable[[], Any]) -> None:
        self._end = end

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        """Need nothing."""

    async def execute_activity(self, _: ExecuteActivityInput) -> Any:
        return self._end()


class Counts:
    """The measures of a worker."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._calls = MeasuredCalls(Measures(self.registry))

    async def call(self, argument: object, end: Callable[[], Any], *, attempt: int = 1) -> Any:
        chain = self._calls.intercept_activity(Last(end))

        @activity.defn
        async def attempted() -> Any:
            return await chain.execute_activity(
                ExecuteActivityInput(fn=attempted, args=[argument], executor=None, headers={})
            )

        environment = ActivityEnvironment()
        environment.info = environment.default_info()
        environment.info = environment.info.__class__(**{**vars(environment.info), "attempt": attempt})
        return await environment.run(attempted)

    def of(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"durable_agents_{name}", labels)


@pytest.fixture
def counts() -> Counts:
    return Counts()


def raising(error: BaseException) -> Callable[[], Any]:
    def end() -> Any:
        raise error

    return end


async def test_a_model_call_is_counted_with_its_tokens(counts: Counts) -> None:
    assert await counts.call(APPEND, lambda: ANSWER) is ANSWER
    labels = {"provider": "default", "model": "medium-2508"}
    assert counts.of("model_calls_total", **labels, outcome="Succeeded") == 1
    assert counts.of("model_call_duration_seconds_count", **labels) == 1
    assert counts.of("model_tokens_total", **labels, type="prompt") == 7
    assert counts.of("model_tokens_total", **labels, type="completion") == 3
    assert counts.of("model_call_repeats_total", **labels) == 0


async def test_the_model_that_was_asked_for_names_a_call(counts: Counts) -> None:
    asked = APPEND.model_copy(update={"origin": Origin(model="medium")})
    await counts.call(asked, lambda: ANSWER, attempt=2)
    labels = {"provider": "default", "model": "medium"}
    assert counts.of("model_calls_total", **labels, outcome="Succeeded") == 1
    assert counts.of("model_call_repeats_total", **labels) == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ApplicationError("no", type="Throttled"), "Throttled"),
        (ApplicationError("no", type="ProviderError"), "ProviderError"),
        (asyncio.CancelledError(), "Cancelled"),
        (ValueError("a fault of ours"), "Failed"),
    ],
)
async def test_a_failure_is_counted_by_its_type_and_raised(
    counts: Counts, error: BaseException, outcome: str
) -> None:
    with pytest.raises(type(error)):
        await counts.call(APPEND, raising(error))
    assert counts.of("model_calls_total", provider="default", model="", outcome=outcome) == 1


@pytest.mark.parametrize(("failed", "outcome"), [("", "Succeeded"), ("ValueError", "Failed")])
async def test_a_tool_call_is_counted_by_what_the_model_reads(
    counts: Counts, failed: str, outcome: str
) -> None:
    await counts.call(CALL, lambda: ToolResult(text="said", failed=failed), attempt=3)
    assert counts.of("tool_calls_total", tool="read_meter", outcome=outcome) == 1
    assert counts.of("tool_call_duration_seconds_count", tool="read_meter") == 1
    assert counts.of("tool_call_repeats_total", tool="read_meter") == 1


async def test_what_calls_no_model_and_no_tool_is_not_counted(counts: Counts) -> None:
    await counts.call(ConversationOpening(provider=PROVIDER, conversation_id="c"), lambda: None)
    assert [sample for family in counts.registry.collect() for sample in family.samples] == []


def test_page_has_our_metrics_and_those_of_the_process() -> None:
    (port,) = free_ports(1)
    with serve_metrics(port):
        answer = httpx2.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
        with pytest.raises(PortTakenError, match="to tell its metrics"), serve_metrics(port):
            pass
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "# TYPE durable_agents_model_calls_total counter" in answer.text
    assert "process_resident_memory_bytes " in answer.text
