"""The adapter over Mistral's conversations, against answers made by hand."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from agents_crds.contract.run import FunctionResult, ProviderSnapshot
from agents_crds.contract.transcript import ImagePart, InputMessage, TextPart
from agents_worker.messages import ConversationStart, Message
from agents_worker.sessions.failures import Answered, KeyMissing, ProviderFailed, Unreachable
from agents_worker.sessions.providers import CALL_TIMEOUT, KeyFile
from agents_worker.sessions.remote import RemoteConversations, mistral_client

PROVIDER = ProviderSnapshot(
    name="default", url="http://provider.test/", key_path="mistral/api-key", queue="q"
)
START = ConversationStart(
    agent_id="ag_1", agent_version=3, provider=PROVIDER, input="hello", metadata={"uid": "u1"}, repeated=False
)
ANSWER = {
    "conversation_id": "conv_1",
    "outputs": [{"type": "message.output", "content": "hi", "id": "msg_1", "role": "assistant"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}

Handler = Callable[[httpx2.Request], httpx2.Response]


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    (tmp_path / "mistral").mkdir()
    (tmp_path / "mistral" / "api-key").write_text("first-key\n")
    return tmp_path


def conversations(secrets: Path, handler: Handler) -> RemoteConversations:
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(handler))
    key = KeyFile(secrets, PROVIDER.key_path).read
    return RemoteConversations(mistral_client(http, PROVIDER.url, key, CALL_TIMEOUT))


async def test_a_start_says_which_agent_and_carries_the_metadata(secrets: Path) -> None:
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200, json=ANSWER)

    found = await conversations(secrets, answer).start(START)
    assert (found.conversation_id, found.entries) == ("conv_1", (Message(text="hi"),))
    assert str(sent[0].url) == "http://provider.test/v1/conversations"
    body = json.loads(sent[0].content)
    assert (body["agent_id"], body["agent_version"], body["metadata"]) == ("ag_1", 3, {"uid": "u1"})
    assert (body["store"], body["handoff_execution"]) == (True, "server")


async def test_the_key_is_read_anew_for_every_call(secrets: Path) -> None:
    keys: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        keys.append(request.headers["authorization"])
        return httpx2.Response(200, json=ANSWER)

    remote = conversations(secrets, answer)
    await remote.append("conv_1", (FunctionResult(tool_call_id="c1", text="3"),))
    (secrets / "mistral" / "api-key").write_text("second-key")
    await remote.append("conv_1", (FunctionResult(tool_call_id="c1", text="3"),))
    assert keys == ["Bearer first-key", "Bearer second-key"]


async def test_a_correction_is_a_message_of_the_user(secrets: Path) -> None:
    sent: list[list[dict[str, object]]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(json.loads(request.content)["inputs"])
        return httpx2.Response(200, json=ANSWER)

    await conversations(secrets, answer).append(
        "conv_1", (), messages=(InputMessage(role="user", content=(TextPart(text="It does not fit."),)),)
    )
    [[entry]] = sent
    assert entry.items() >= {"type": "message.input", "role": "user", "content": "It does not fit."}.items()


async def test_messages_are_sent_with_their_roles_and_images(secrets: Path) -> None:
    sent: list[list[dict[str, object]]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(json.loads(request.content)["inputs"])
        return httpx2.Response(200, json=ANSWER)

    picture = ImagePart(url="https://example.com/cat.png")
    messages = (
        InputMessage(role="user", content=(TextPart(text="What is it?"), picture)),
        InputMessage(role="assistant", content=(TextPart(text="A cat."),)),
    )
    await conversations(secrets, answer).start(START.model_copy(update={"input": "", "messages": messages}))
    [[asked, said]] = sent
    assert (asked["type"], asked["role"], said["role"]) == ("message.input", "user", "assistant")
    assert asked["content"] == [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": "https://example.com/cat.png"},
    ]
    assert said["content"] == "A cat."


async def test_denials_are_confirmations_beside_the_results(secrets: Path) -> None:
    sent: list[dict[str, object]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(json.loads(request.content))
        return httpx2.Response(200, json=ANSWER)

    remote = conversations(secrets, answer)
    await remote.append("conv_1", (FunctionResult(tool_call_id="c1", text="3"),), denials=("c2", "c3"))
    await remote.append("conv_1", (FunctionResult(tool_call_id="c1", text="3"),))
    assert sent[0]["tool_confirmations"] == [
        {"tool_call_id": call, "confirmation": "deny"} for call in ("c2", "c3")
    ]
    assert "tool_confirmations" not in sent[1]


async def test_conversations_are_looked_for_on_every_page_and_compared_again(secrets: Path) -> None:
    def listed(number: int, metadata: dict[str, str] | None) -> dict[str, object]:
        time = f"2024-06-01T00:{59 - number % 60:02}:00Z"
        return {
            "id": f"conv_{number}",
            "created_at": time,
            "updated_at": time,
            "agent_id": "ag_1",
            "metadata": metadata,
        }

    first = [listed(0, {"uid": "u1"}), *(listed(number, {"uid": "u2"}) for number in range(1, 100))]
    second = [listed(1, None), listed(2, {"uid": "u1", "more": "x"})]

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json=first if request.url.params["page"] == "0" else second)

    found = await conversations(secrets, answer).find({"uid": "u1"})
    assert [conversation.id for conversation in found] == ["conv_2", "conv_0"]


async def test_a_conversation_that_is_gone_has_no_history_and_is_deleted(secrets: Path) -> None:
    remote = conversations(secrets, lambda _: httpx2.Response(404, json={"message": "not found"}))
    assert await remote.history("conv_1") is None
    await remote.delete("conv_1")


def timed_out(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ReadTimeout("too late", request=request)


@pytest.mark.parametrize(
    ("handler", "failure"),
    [
        (timed_out, Unreachable("The provider could not be reached: ReadTimeout: too late")),
        (
            lambda _: httpx2.Response(503, text="<html>down</html>"),
            Answered(status=503, message="<html>down</html>"),
        ),
        (
            lambda _: httpx2.Response(422, json={"detail": "too long"}),
            Answered(status=422, message="too long"),
        ),
        (
            lambda _: httpx2.Response(403, json={"message": "first-key is not allowed"}),
            Answered(status=403, message="[key] is not allowed"),
        ),
        (
            lambda _: httpx2.Response(307, headers={"location": "http://elsewhere.test"}),
            Answered(status=307, message="no further explanation"),
        ),
    ],
)
async def test_failures_are_told_apart(
    secrets: Path, handler: Handler, failure: Answered | Unreachable
) -> None:
    with pytest.raises(ProviderFailed) as raised:
        await conversations(secrets, handler).start(START)
    assert raised.value.failure == failure


@pytest.mark.parametrize("body", [b"not json", b"{}", b'{"conversation_id": 3}'])
async def test_a_success_that_cannot_be_read_is_a_failure_of_status_200(secrets: Path, body: bytes) -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=body, headers={"content-type": "application/json"})

    with pytest.raises(ProviderFailed) as raised:
        await conversations(secrets, answer).start(START)
    assert isinstance(raised.value.failure, Answered)
    assert raised.value.failure.status == 200


@pytest.mark.parametrize(
    ("key_path", "content", "says"),
    [
        ("gone/api-key", None, "The Secret gone with the key api-key is not there: create it"),
        ("mistral/api-key", b"", "The key api-key of Secret mistral is not an API key"),
        ("mistral/api-key", b"  \n", "The key api-key of Secret mistral is not an API key"),
        ("mistral/api-key", b"two\nlines", "The key api-key of Secret mistral is not an API key"),
        ("mistral/api-key", "schlüssel".encode(), "The key api-key of Secret mistral is not an API key"),
        ("../etc/passwd", None, "is not a path below the secrets directory"),
        ("/etc/passwd", None, "is not a path below the secrets directory"),
    ],
)
def test_a_key_that_cannot_be_read_says_what_to_put_right(
    secrets: Path, key_path: str, content: bytes | None, says: str
) -> None:
    if content is not None:
        (secrets / key_path).write_bytes(content)
    with pytest.raises(ProviderFailed) as raised:
        KeyFile(secrets, key_path).read()
    assert isinstance(raised.value.failure, KeyMissing)
    assert says in raised.value.failure.message
