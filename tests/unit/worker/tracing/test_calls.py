"""Calls as spans, by OpenTelemetry's conventions."""

import importlib
import re

import pytest

from agents_crds.contract.run import ProviderSnapshot, Usage
from agents_crds.contract.transcript import ModelMessage
from agents_crds.telemetry.context import TraceContext
from agents_worker.chat_messages import ChatAnswer
from agents_worker.messages import DESCRIBE_TOOLS, Execution, Handoff, ModelAnswer, ToolResult
from agents_worker.tracing.calls import Call, Request, answer_attributes, call_of, failure_of, with_place
from agents_worker.tracing.contents import answered, asked
from tests.unit.worker.tracing.requests import (
    APPEND,
    CALL,
    CHAT,
    LOOP,
    MCP_CALL,
    OPENING,
    RESTART,
    START,
    SUMMARY,
    TRACE,
)

USAGE = Usage(prompt_tokens=100, completion_tokens=20, total_tokens=120)
CHATTED = ChatAnswer(
    message=ModelMessage(agent="finance", content="4.5 %"),
    usage=USAGE,
    repeated=1,
    model="qwen3-8b",
    finish_reason="stop",
)
ANSWERED = ModelAnswer(
    conversation_id="conv_2",
    entries=(
        Execution(name="web_search", arguments="{}", info={}),
        Handoff(next_id="ag_2", next_name="team.clerk"),
    ),
    usage=USAGE,
    model="mistral-medium-2508",
)
REQUESTS: tuple[Request, ...] = (START, APPEND, RESTART, OPENING, CHAT, SUMMARY, CALL, MCP_CALL)


def described(request: Request) -> Call:
    call = call_of(request)
    assert call is not None
    return call


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (START, "chat mistral-medium-latest"),
        (APPEND, "chat mistral-medium-latest"),
        (RESTART, "chat mistral-medium-latest"),
        (OPENING, "open_conversation mistral-medium-latest"),
        (CHAT, "chat qwen3"),
        (SUMMARY, "chat qwen3"),
        (CALL, "execute_tool get_rate"),
        (MCP_CALL, "execute_tool quotes_quote"),
    ],
)
def test_a_call_is_named_by_what_is_done_and_by_what(request_: Request, name: str) -> None:
    call = described(request_)
    assert (call.name, call.asks_provider) == (name, not name.startswith("execute_tool"))
    assert call.place == TraceContext(TRACE, LOOP)
    told = {"run": "team/rates-1", "namespace": "team", "agent": "finance", "trace_id": TRACE}
    assert told.items() <= call.about.items()
    about_run = {
        "gen_ai.agent.name": "finance",
        "k8s.namespace.name": "team",
        "durable_agents.run.name": "rates-1",
        "durable_agents.run.uid": "u-1",
    }
    assert about_run.items() <= call.attributes.items()


def test_a_model_call_tells_whom_it_asks_and_how() -> None:
    told = described(CHAT).attributes
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "qwen3",
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.max_tokens": 100,
        "gen_ai.request.seed": 7,
        "gen_ai.request.stop_sequences": ("END",),
        "server.address": "vllm.ai",
        "server.port": 8000,
    }
    assert expected.items() <= told.items()
    assert "gen_ai.request.top_p" not in told
    assert described(SUMMARY).attributes["durable_agents.purpose"] == "summary"
    assert described(START).attributes["gen_ai.agent.id"] == "ag_1"
    assert described(APPEND).attributes["gen_ai.conversation.id"] == "conv_1"
    assert "gen_ai.operation.name" not in described(OPENING).attributes


@pytest.mark.parametrize(
    ("url", "protocol", "provider", "port"),
    [
        ("https://api.mistral.ai", "Mistral", "mistral_ai", 443),
        ("http://standin:8080", "Mistral", "mistral_ai", 8080),
        ("https://api.openai.com/v1", "ChatCompletions", "openai", 443),
        ("https://api.deepseek.com", "ChatCompletions", "deepseek", 443),
        ("https://api.mistral.ai/v1", "ChatCompletions", "mistral_ai", 443),
        ("http://localhost/v1", "ChatCompletions", "openai", 80),
    ],
)
def test_a_provider_is_told_by_its_address_or_else_by_its_protocol(
    url: str, protocol: str, provider: str, port: int
) -> None:
    asked_ = ProviderSnapshot.model_validate(
        {"name": "p", "url": url, "key_path": "", "queue": "q", "protocol": protocol}
    )
    told = described(START.model_copy(update={"provider": asked_})).attributes
    assert (told["gen_ai.provider.name"], told["server.port"]) == (provider, port)


def test_an_answer_tells_its_model_and_tokens() -> None:
    assert answer_attributes(CHATTED) == {
        "gen_ai.response.model": "qwen3-8b",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "durable_agents.repeated_calls": 1,
    }
    assert answer_attributes(ANSWERED) == {
        "gen_ai.response.model": "mistral-medium-2508",
        "gen_ai.conversation.id": "conv_2",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "durable_agents.provider_tools": ("web_search",),
        "durable_agents.handoffs": ("team.clerk",),
    }


def test_an_answer_that_was_found_again_tells_no_tokens() -> None:
    found = ModelAnswer(conversation_id="conv_2", entries=(), usage=Usage())
    assert answer_attributes(found) == {"gen_ai.conversation.id": "conv_2"}


def test_a_tool_is_told_its_place_and_a_provider_is_not() -> None:
    place = TraceContext(TRACE, "1" * 16)
    for call in (CALL, MCP_CALL):
        assert with_place(call, place) == call.model_copy(update={"traceparent": str(place)})
    assert with_place(CHAT, place) is CHAT


def test_a_tools_failure_is_one() -> None:
    assert failure_of(ToolResult(text="no", failed="KeyError")) == "KeyError"
    assert failure_of(ToolResult(text="yes")) == ""
    assert failure_of(CHATTED) == ""


def test_what_is_no_call_of_a_run_is_not_told() -> None:
    assert call_of(None) is None
    assert call_of(DESCRIBE_TOOLS) is None


def test_names_are_those_of_the_conventions() -> None:
    known: set[str] = set()
    for module in ("gen_ai", "k8s", "server", "error"):
        found = importlib.import_module(f"opentelemetry.semconv._incubating.attributes.{module}_attributes")
        known |= {value for name, value in vars(found).items() if name.isupper() and isinstance(value, str)}
    told = {name for request in REQUESTS for name in (*described(request).attributes, *asked(request))}
    told |= {
        name for answer in (CHATTED, ANSWERED, ToolResult(text="")) for name in answer_attributes(answer)
    }
    told |= {name for answer in (CHATTED, ANSWERED, ToolResult(text="")) for name in answered(answer)}
    assert {name for name in told if not re.match(r"durable_agents\.", name)} <= known
