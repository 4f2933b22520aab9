"""What was said in calls, for who asks for it."""

import json

import pytest
from pydantic import JsonValue

from agents_crds.contract.run import Usage
from agents_crds.contract.transcript import ModelMessage, ResultMessage, SaidMessage, TranscriptCall
from agents_worker.chat_messages import ChatAnswer
from agents_worker.messages import FunctionCall, Message, ModelAnswer, ToolResult
from agents_worker.tracing.contents import LIMIT, TEXT_LIMIT, answered, asked
from tests.unit.worker.tracing.requests import APPEND, CALL, CHAT, MCP_CALL, OPENING, SAID, START

QUESTION: JsonValue = {"role": "user", "parts": [{"type": "text", "content": "What is the rate?"}]}
CALLED: JsonValue = {"type": "tool_call", "id": "c1", "name": "get_rate", "arguments": {"year": 2023}}
RESULT: JsonValue = {
    "role": "tool",
    "parts": [{"type": "tool_call_response", "id": "c1", "response": "4.5 %"}],
}


def read(told: object) -> JsonValue:
    assert isinstance(told, str)
    value: JsonValue = json.loads(told)
    return value


def test_a_conversation_is_told_as_messages() -> None:
    assert read(asked(START)["gen_ai.input.messages"]) == [QUESTION]
    assert read(asked(APPEND)["gen_ai.input.messages"]) == [RESULT, QUESTION]
    answer = ModelAnswer(
        conversation_id="conv_1",
        entries=(
            Message(text="Looking."),
            FunctionCall(tool_call_id="c1", name="get_rate", arguments='{"year": 2023}'),
        ),
        usage=Usage(),
    )
    said: JsonValue = {"type": "text", "content": "Looking."}
    assert read(answered(answer)["gen_ai.output.messages"]) == [
        {"role": "assistant", "parts": [said, CALLED]}
    ]


def test_a_transcript_is_told_as_messages() -> None:
    call = TranscriptCall(id="c1", name="get_rate", arguments='{"year": 2023}')
    called = ModelMessage(agent="finance", content=None, calls=(call,))
    result = ResultMessage(call_id="c1", name="get_rate", text="4.5 %")
    request = CHAT.model_copy(update={"messages": (SaidMessage(message=SAID), called, result)})
    told = asked(request)
    assert read(told["gen_ai.input.messages"]) == [QUESTION, {"role": "assistant", "parts": [CALLED]}, RESULT]
    assert read(told["gen_ai.system_instructions"]) == [{"type": "text", "content": "Be brief."}]
    answer = ChatAnswer(message=called, usage=Usage(), finish_reason="tool_calls")
    assert read(answered(answer)["gen_ai.output.messages"]) == [
        {"role": "assistant", "parts": [CALLED], "finish_reason": "tool_calls"}
    ]


def test_a_tool_is_told_with_arguments_and_result() -> None:
    assert asked(CALL) == {"gen_ai.tool.call.arguments": '{"year": 2023}'}
    assert asked(MCP_CALL) == {"gen_ai.tool.call.arguments": "{}"}
    assert answered(ToolResult(text="4.5 %")) == {"gen_ai.tool.call.result": "4.5 %"}


def test_what_is_not_said_is_not_told() -> None:
    assert asked(OPENING) == {}
    assert answered(ModelAnswer(conversation_id="c", entries=(), usage=Usage())) == {}


@pytest.mark.parametrize("arguments", ["no JSON", "[" * 100_000, '{"text": "' + "x" * 100_000 + '"}'])
def test_arguments_that_are_odd_are_told_as_text(arguments: str) -> None:
    call = FunctionCall(tool_call_id="c1", name="get_rate", arguments=arguments)
    answer = ModelAnswer(conversation_id="c", entries=(call,), usage=Usage())
    told = str(answered(answer)["gen_ai.output.messages"])
    assert arguments[:8].replace('"', '\\"') in told
    assert len(told) < 2 * TEXT_LIMIT


def test_of_a_long_conversation_the_newest_is_told() -> None:
    texts = [f"{number} {'x' * 10_000}" for number in range(100)]
    messages = tuple(ResultMessage(call_id=str(n), name="t", text=text) for n, text in enumerate(texts))
    told = str(asked(CHAT.model_copy(update={"messages": messages}))["gen_ai.input.messages"])
    kept = read(told)
    assert isinstance(kept, list)
    assert len(told) <= LIMIT + 100
    assert 1 < len(kept) < 10
    assert '"id":"99"' in told
    assert '"id":"0"' not in told
