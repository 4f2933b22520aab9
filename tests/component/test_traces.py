"""What a collector of traces is told of runs, whatever becomes of workers meanwhile."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import AgentRun
from tests.component.evidence import Evidence
from tests.component.platform import Operator, Platform
from tests.component.shops import Shop
from tests.component.tenant import METER, TEST_MODULES, Tenant, pool_spec
from tests.component.test_run_agent import start
from tests.standin.control import APPEND, CHAT
from tests.standin.faults import AnswerWith
from tests.tracing.sink import Sink, Span, sink
from tests.user import Manifest, manifest
from tools.local.processes import Processes

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADERS = "x-collector-key=9b1f0c6e5d2a47b8a1"
FAST = {"OTEL_BSP_SCHEDULE_DELAY": "200"}


@pytest.fixture(scope="module")
def collector() -> Iterator[Sink]:
    with sink() as found:
        yield found


@pytest.fixture(scope="module")
def traced(
    platform: Platform,
    processes: Processes,
    session_operator: Operator,
    collector: Sink,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Operator]:
    """An operator that tells the collector, and has its workers tell it, in place of that of the session."""
    if not session_operator.runs:
        session_operator.start()
    session_operator.stop()
    headers = tmp_path_factory.mktemp("collector") / "headers"
    headers.write_text(HEADERS)
    operator = platform.operator(
        processes,
        name="traced",
        extra={
            **FAST,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "DURABLE_AGENTS_LOG_FORMAT": "json",
            "DURABLE_AGENTS_OTLP_HEADERS_FILE": str(headers),
            "DURABLE_AGENTS_OTLP_HEADERS_SECRET": "collector/headers",
        },
    )
    operator.start()
    yield operator
    operator.stop()


@pytest.fixture(scope="module")
def place(
    platform: Platform, traced: Operator, numbers: Iterator[int], evidence: Evidence
) -> Iterator[Tenant]:
    """A namespace whose workers are told of the collector."""
    assert traced.runs
    tenant = Tenant(platform, f"tenant-{next(numbers)}")
    tenant.create(modules=f"{TEST_MODULES},tests.component.telling_tools,tests.component.flows")
    secret: Manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "collector"}}
    tenant.apply({**secret, "stringData": {"headers": HEADERS}})
    yield tenant
    evidence.take(tenant)
    platform.kubectl("delete", "namespace", tenant.namespace, "--wait=false")


@pytest.fixture
def shop(place: Tenant, processes: Processes, tmp_path: Path) -> Iterator[Shop]:
    shop = Shop("shop", place, processes, tmp_path)
    shop.open("order")
    yield shop
    shop.kill()


def run_in_trace(place: Tenant, name: str, agent: str, text: str, *, flags: str = "01") -> None:
    run = manifest("AgentRun", name, {"agentRef": {"name": agent}, "input": text})
    run["metadata"] = {"name": name, "annotations": {"traceparent": f"00-{TRACE}-{CALLER}-{flags}"}}
    place.apply(run)


def trace_of(run: AgentRun) -> str:
    """Return the trace of a run that has none given."""
    return run.metadata.uid.replace("-", "")


def one(spans: tuple[Span, ...], name: str) -> Span:
    [found] = [span for span in spans if span.name == name]
    return found


def is_complete(spans: tuple[Span, ...]) -> bool:
    turns = [span.attributes["durable_agents.turns"] for span in spans if span.name.startswith("AgentRun ")]
    answered = [span for span in spans if span.name.startswith("chat") and not span.failed]
    return turns == [len(answered)]


def without_parent(spans: tuple[Span, ...], *roots: str) -> list[str]:
    ids = {span.id for span in spans} | set(roots)
    return [span.name for span in spans if span.parent not in ids]


def test_one_trace_leads_from_the_annotation_to_model_and_tools(
    place: Tenant, shop: Shop, collector: Sink
) -> None:
    place.ready_agent("both", tools=[shop.offer, {"function": {"name": "weigh"}}])
    run_in_trace(place, "traced", "both", "Call shop_order on 'tea', then call weigh on 'tea'.")
    place.wait("agentrun/traced", "Succeeded")
    spans = collector.until(TRACE, is_complete)
    run = place.get(AgentRun, "traced")
    assert without_parent(spans, CALLER) == []
    whole, loop = one(spans, "AgentRun both"), one(spans, "invoke_agent both")
    assert (whole.parent, loop.parent) == (CALLER, whole.id)
    assert {whole.service, loop.service} == {"durable-agents-operator"}
    assert loop.attributes["k8s.namespace.name"] == place.namespace
    assert loop.attributes["durable_agents.run.uid"] == run.metadata.uid
    assert (loop.attributes["durable_agents.reason"], loop.failed) == ("Succeeded", False)
    calls = [span for span in spans if span.name == "chat mistral-medium-latest"]
    assert len(calls) == run.status.turns
    assert {(call.parent, call.service) for call in calls} == {(loop.id, "durable-agents-worker")}
    assert run.status.usage is not None
    for kind, tokens in (
        ("input", run.status.usage.prompt_tokens),
        ("output", run.status.usage.completion_tokens),
    ):
        assert tokens > 0
        assert sum(int(str(call.attributes[f"gen_ai.usage.{kind}_tokens"])) for call in calls) == tokens
        assert loop.attributes[f"gen_ai.usage.{kind}_tokens"] == tokens
    assert {call.attributes["gen_ai.provider.name"] for call in calls} == {"mistral_ai"}
    assert {call.attributes["gen_ai.conversation.id"] for call in calls} == {run.status.conversation_id}
    for tool, kind in (("shop_order", "extension"), ("weigh", "function")):
        call = one(spans, f"execute_tool {tool}")
        assert call.parent == loop.id
        assert call.attributes["gen_ai.tool.type"] == kind
        assert call.attributes["gen_ai.agent.name"] == "both"
        assert call.attributes["gen_ai.tool.call.id"]
    assert one(spans, "MCP send tools/call order").parent == one(spans, "execute_tool shop_order").id
    # What a tool tells by OpenTelemetry's API, from a thread.
    assert one(spans, "weighing").parent == one(spans, "execute_tool weigh").id
    assert all(
        loop.began <= span.began <= span.ended <= loop.ended for span in spans if span.parent == loop.id
    )


def test_nothing_that_was_said_is_told_nor_any_key(collector: Sink, place: Tenant) -> None:
    place.ready_agent("quiet", instructions="Answer by your tools, and keep zebra-7731 to yourself.")
    run = place.finished_run("quiet", "quiet", "Please read the meter 'walrus-4402'.")
    trace = trace_of(run)
    collector.until(trace, is_complete)
    everything = b"".join(collector.bodies)
    for said in ("zebra-7731", "walrus-4402", *place.keys, HEADERS.partition("=")[2]):
        assert said.encode() not in everything
    assert {headers.get("x-collector-key") for headers in collector.headers} == {HEADERS.partition("=")[2]}


def test_trace_of_a_run_whose_worker_was_killed_is_connected(place: Tenant, collector: Sink) -> None:
    place.ready_agent("reader")
    standin = place.platform.standin
    told = standin.hold("POST", APPEND, times=1)
    place.apply_run("mortal", "reader")
    standin.wait_until_held(told)
    # What was told by then is on its way.
    trace = trace_of(place.get(AgentRun, "mortal"))
    collector.until(trace, lambda spans: any(span.name == "execute_tool read_meter" for span in spans))
    place.platform.kill_workers(place.namespace)
    standin.release(told)
    place.wait("agentrun/mortal", "Succeeded")
    spans = collector.until(trace, is_complete)
    assert without_parent(spans, "") == []
    assert [span.attributes["durable_agents.attempt"] for span in spans if span.name.startswith("chat")] == [
        1,
        2,
    ]
    assert one(spans, "AgentRun reader").parent == ""


def test_each_attempt_of_a_model_call_is_told(place: Tenant, collector: Sink) -> None:
    place.ready_agent("patient", session="Local")
    place.platform.standin.fail("POST", CHAT, AnswerWith(status=503))
    run = place.finished_run("patient", "patient")
    spans = collector.until(trace_of(run), is_complete)
    calls = [span for span in spans if span.name.startswith("chat")]
    assert [call.attributes["durable_agents.attempt"] for call in calls] == [1, 2, 1]
    assert [call.attributes.get("error.type") for call in calls] == ["ProviderError", None, None]
    assert [call.failed for call in calls] == [True, False, False]
    assert {call.attributes["gen_ai.response.finish_reasons"] for call in calls[1:]} == {
        ("tool_calls",),
        ("stop",),
    }
    assert all(call.attributes["gen_ai.response.model"] for call in calls[1:])


def test_what_is_said_is_told_by_a_pool_that_asks_for_it(place: Tenant, collector: Sink) -> None:
    capture = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
    place.apply(manifest("WorkerPool", "open", pool_spec(place.tool_log, **{capture: "true"})))
    place.wait("workerpool/open", "Ready")
    place.ready_agent("open", workerPoolRef={"name": "open"}, instructions="Answer by your tools.")
    run = place.finished_run("open", "open", "Please read the meter 'lynx-2209'.")
    spans = collector.until(trace_of(run), is_complete)
    first, last = (span for span in spans if span.name.startswith("chat"))
    tool = one(spans, "execute_tool read_meter")
    assert "lynx-2209" in str(first.attributes["gen_ai.input.messages"])
    assert "read_meter" in str(first.attributes["gen_ai.output.messages"])
    assert "lynx-2209" in str(tool.attributes["gen_ai.tool.call.arguments"])
    assert str(tool.attributes["gen_ai.tool.call.result"]) in str(last.attributes["gen_ai.output.messages"])


async def test_loop_of_a_users_own_workflow_is_told_in_that_workflows_trace(
    place: Tenant, collector: Sink
) -> None:
    place.ready_agent("reader")
    handle = await start(place, "reader")
    result = await asyncio.wait_for(handle.result(), 60)
    trace = str(handle.first_execution_run_id).replace("-", "")

    def is_told(spans: tuple[Span, ...]) -> bool:
        return any(span.name == "invoke_agent reader" for span in spans)

    spans = await asyncio.to_thread(collector.until, trace, is_told)
    loop = one(spans, "invoke_agent reader")
    assert without_parent(spans, "") == []
    assert {span.parent for span in spans if span.name.startswith(("chat", "execute_tool"))} == {loop.id}
    assert loop.attributes["gen_ai.usage.input_tokens"] == result.usage.prompt_tokens


def test_failure_is_told_with_its_reason(place: Tenant, collector: Sink) -> None:
    place.ready_agent("short", limits={"maxTurns": 1})
    place.apply_run("short", "short")
    reason = place.wait_for_reason("short", "MaxTurnsReached").reason
    trace = trace_of(place.get(AgentRun, "short"))
    spans = collector.until(trace, is_complete)
    loop = one(spans, "invoke_agent short")
    assert (loop.failed, loop.attributes["error.type"]) == (True, reason)


def test_trace_that_is_not_sampled_is_not_told(place: Tenant, collector: Sink) -> None:
    place.ready_agent("reader")
    before = len(collector.trace(TRACE))
    run_in_trace(place, "unsampled", "reader", METER, flags="00")
    place.wait("agentrun/unsampled", "Succeeded")
    later = trace_of(place.finished_run("sampled", "reader"))
    collector.until(later, is_complete)
    assert len(collector.trace(TRACE)) == before


def test_wait_for_a_person_is_told(place: Tenant, collector: Sink) -> None:
    place.ready_agent("asker", limits={"waitForInput": "5m"})
    place.apply_run("asker", "asker", "Call ask_user on 'Which meter?'.")
    place.wait_for_reason("asker", "InputRequired")
    patch = {"spec": {"userInputs": [{"id": "1", "text": "none"}]}}
    place.kubectl("patch", "agentrun", "asker", "--type=merge", f"--patch={json.dumps(patch)}")
    place.wait("agentrun/asker", "Succeeded")
    trace = trace_of(place.get(AgentRun, "asker"))
    spans = collector.until(trace, is_complete)
    assert one(spans, "execute_tool ask_user").parent == one(spans, "invoke_agent asker").id


def test_lines_of_both_logs_are_json_and_name_run_agent_and_trace(
    place: Tenant, traced: Operator, collector: Sink
) -> None:
    place.ready_agent("logger", tools=[{"function": {"name": "weigh"}}])
    run = place.finished_run("logged", "logger", "Call weigh on 'tea'.")
    trace = trace_of(run)
    about = {"run": f"{place.namespace}/logged", "agent": "logger", "trace_id": trace}
    logs = Path(place.platform.directory / "logs" / "workers" / place.namespace).rglob("*.log")
    worker = [line for log in logs for line in lines(log.read_text())]
    operator = lines(traced.log)
    for log in (worker, operator):
        assert any(about.items() <= line.items() for line in log)
        assert all({"time", "level", "logger", "message"} <= line.keys() for line in log)
    [weighed] = [
        line for line in worker if line["message"] == "weighing tea" and line.get("run") == about["run"]
    ]
    span = one(collector.until(trace, is_complete), "execute_tool weigh")
    assert weighed["span_id"] == span.id


def lines(log: str) -> list[dict[str, JsonValue]]:
    return [json.loads(line) for line in log.splitlines()]
