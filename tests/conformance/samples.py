"""Agents and messages that leave a model no choice, and the stand-in neither."""

import base64
import struct
import zlib

from agents_crds.contract.transcript import ImagePart, InputMessage, TextPart
from agents_crds.v1alpha1.fields import JsonSchema
from agents_operator.agents.definition import response_format
from agents_operator.mistral import AgentDefinition, CompletionArguments, FunctionDefinition
from agents_worker.messages import FunctionCall, ModelAnswer
from tests.conformance.account import Account

QUESTION = "What is the code of the north door?"
CODE = JsonSchema(
    {
        "type": "object",
        "properties": {"code": {"type": "integer"}},
        "required": ["code"],
        "additionalProperties": False,
    }
)
GET_CODE = FunctionDefinition(
    name="get_code",
    description="Returns the code of a door.",
    parameters=JsonSchema(
        {"type": "object", "properties": {"door": {"type": "string"}}, "required": ["door"]}
    ),
)


def teller(account: Account) -> AgentDefinition:
    """Describe an agent that looks codes up and answers in JSON, as an Agent with outputSchema does."""
    return account.definition(
        "teller",
        "You do not know any code. Always call get_code, once, before you answer; then give its result.",
        GET_CODE,
        description="Tells the code of a door.",
        completion=CompletionArguments(temperature=0, response_format=response_format(CODE)),
    )


def only_call(answer: ModelAnswer) -> FunctionCall:
    """Give the one call of an answer, which is its last entry."""
    [call] = [entry for entry in answer.entries if isinstance(entry, FunctionCall)]
    assert answer.entries[-1] is call
    return call


def red_square() -> InputMessage:
    """Ask for the colour of an image, which is in the message itself."""
    side = 64
    rows = (b"\x00" + b"\xff\x00\x00" * side) * side
    parts = (
        _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(rows)),
        _chunk(b"IEND", b""),
    )
    image = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(parts)).decode()
    content = (
        TextPart(text="Name the colour of this image."),
        ImagePart(url=f"data:image/png;base64,{image}"),
    )
    return InputMessage(role="user", content=content)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
