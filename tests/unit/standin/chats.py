"""Messages and requests of chats that several tests share."""

import httpx2

from tests.standin.control import CHAT, StandIn
from tests.unit.standin.samples import KEY

Json = dict[str, object]
RATE: Json = {
    "type": "function",
    "function": {
        "name": "rate",
        "description": "The rate of a day.",
        "parameters": {"type": "object", "properties": {"day": {"type": "integer"}}, "required": ["day"]},
    },
}
CALL: Json = {"call": "rate", "arguments": {"day": "{turn}"}}


def user(text: str) -> Json:
    return {"role": "user", "content": text}


def say(text: str) -> Json:
    return {"role": "assistant", "content": text}


def call(*ids: str) -> Json:
    calls = [{"id": one, "type": "function", "function": {"name": "rate", "arguments": "{}"}} for one in ids]
    return {"role": "assistant", "content": "", "tool_calls": calls}


def result(call_id: str, text: str = "2 %") -> Json:
    return {"role": "tool", "tool_call_id": call_id, "content": text}


def post(standin: StandIn, body: Json, path: str = CHAT, *, key: str = KEY) -> httpx2.Response:
    return httpx2.post(f"{standin.url}{path}", json=body, headers={"authorization": f"Bearer {key}"})
