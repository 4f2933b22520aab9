"""Tools, agents and requests that several tests of the stand-in share."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from mistralai.client import Mistral, errors, models
from pydantic import JsonValue

from tests.standin.choice import FunctionSpec
from tests.standin.jsonschema import JsonSchema

KEY = "a-key-of-the-tests"
MODEL = "mistral-small-latest"
QUESTION = "What was the ECB interest rate in 2023?"


def spec(
    name: str, description: str, required: tuple[str, ...] = (), /, **properties: JsonValue
) -> FunctionSpec:
    schema: JsonValue = {"type": "object", "properties": properties, "required": list(required)}
    return FunctionSpec(name=name, description=description, parameters=JsonSchema.model_validate(schema))


INTEREST = spec(
    "get_interest_rate",
    "Return the interest rate of a central bank for a year.",
    ("bank", "year"),
    bank={"type": "string"},
    year={"type": "integer"},
)
EXCHANGE = spec(
    "get_exchange_rate",
    "Convert an amount between currencies.",
    ("base_currency", "to_currency", "amount"),
    base_currency={"type": "string"},
    to_currency={"type": "string"},
    amount={"type": "number"},
)
WEATHER = spec(
    "get_weather",
    "Current weather and temperature for a city.",
    ("city",),
    city={"type": "string"},
    unit={"type": "string", "enum": ["celsius", "fahrenheit"]},
)
DICE = spec("roll_dice", "Roll dice with that many sides.", sides={"type": "integer", "default": 6})
SEARCH = spec("search_docs", "Search the documentation.", ("query",), query={"type": "string"})
AUDIT = spec("audit_log", "Write down what was done.", ("note",), note={"type": "string"})
WEB_SEARCH = models.WebSearchTool()
CODE = models.CodeInterpreterTool()
TOOLS = (INTEREST, EXCHANGE, WEATHER, DICE, SEARCH, AUDIT)


def eventually(condition: Callable[[], bool], *, seconds: float = 20) -> None:
    """Return once `condition` holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.02)


def function_tool(tool: FunctionSpec) -> models.FunctionTool:
    parameters = tool.parameters.model_dump(by_alias=True, exclude_defaults=True)
    return models.FunctionTool(
        function=models.Function(name=tool.name, description=tool.description, parameters=parameters)
    )


def create_agent(mistral: Mistral, name: str = "finance", *tools: FunctionSpec) -> models.Agent:
    """Create an agent with these tools, by default the one for interest rates."""
    given = [function_tool(tool) for tool in tools or (INTEREST,)]
    return mistral.beta.agents.create(model=MODEL, name=name, instructions="Use tools.", tools=given)


def calls_of(response: models.ConversationResponse) -> list[models.FunctionCallEntry]:
    return [entry for entry in response.outputs if isinstance(entry, models.FunctionCallEntry)]


def text_of(response: models.ConversationResponse) -> str:
    last = response.outputs[-1]
    assert isinstance(last, models.MessageOutputEntry)
    assert isinstance(last.content, str)
    return last.content


def result(tool_call_id: str, text: str) -> models.InputEntries:
    return models.FunctionResultEntry(tool_call_id=tool_call_id, result=text)


def words_of(response: models.ConversationResponse) -> str:
    """Join the text of the last message, without what it cites."""
    last = response.outputs[-1]
    assert isinstance(last, models.MessageOutputEntry)
    if isinstance(last.content, str):
        return last.content
    return "".join(chunk.text for chunk in last.content if isinstance(chunk, models.TextChunk))


def findings_of(
    response: models.ConversationResponse,
) -> list[models.ToolReferenceChunk | models.ToolFileChunk]:
    """List the references and files of the last message."""
    last = response.outputs[-1]
    assert isinstance(last, models.MessageOutputEntry)
    chunks = [] if isinstance(last.content, str) else last.content
    return [chunk for chunk in chunks if isinstance(chunk, models.ToolReferenceChunk | models.ToolFileChunk)]


def executions_of(response: models.ConversationResponse) -> list[models.ToolExecutionEntry]:
    return [entry for entry in response.outputs if isinstance(entry, models.ToolExecutionEntry)]


def types_of(entries: Sequence[object]) -> list[str]:
    return [str(getattr(entry, "type", "")) for entry in entries]


def refused_append(mistral: Mistral, conversation_id: str, **request: Any) -> str:
    """Append what is refused with 400, and give the reason."""
    with pytest.raises(errors.SDKError) as refused:
        mistral.beta.conversations.append(conversation_id=conversation_id, **request)
    assert refused.value.status_code == 400
    return str(refused.value.raw_response.json()["message"])
