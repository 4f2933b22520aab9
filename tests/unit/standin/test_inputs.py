"""Messages of several roles and pieces: the model acts on the last request, and says what images it saw."""

from typing import Any

import httpx2
import pytest
from mistralai.client import Mistral, models

from tests.standin.control import StandIn
from tests.standin.entries import MessageInput
from tests.standin.tasks import request_text
from tests.unit.standin.samples import INTEREST, KEY, MODEL, calls_of, create_agent, words_of

ONE, OTHER = "https://example.org/one.png", "https://example.org/other.png"


def entry(message: dict[str, Any]) -> models.InputEntries:
    return models.MessageInputEntry.model_validate(message)


def start(mistral: Mistral, *messages: dict[str, Any]) -> models.ConversationResponse:
    return mistral.beta.conversations.start(model=MODEL, inputs=[entry(message) for message in messages])


def user(*content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message.input", "role": "user", "content": list(content)}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


@pytest.mark.parametrize("image", [ONE, {"url": ONE}, {"url": ONE, "detail": "low"}])
def test_an_image_is_mentioned_by_its_address(mistral: Mistral, image: Any) -> None:
    answered = start(mistral, user(text("What is this?"), {"type": "image_url", "image_url": image}))
    assert f"I saw one image: {ONE}." in words_of(answered)
    assert "What is this?" in words_of(answered)


def test_images_of_all_messages_are_counted(mistral: Mistral) -> None:
    answered = start(
        mistral,
        user(text("Look."), {"type": "image_url", "image_url": ONE}),
        {"role": "assistant", "content": "I looked."},
        user({"type": "image_url", "image_url": {"url": OTHER}}, text("And this?")),
    )
    assert f"I saw 2 images: {ONE}, {OTHER}." in words_of(answered)


def test_a_long_address_is_cut(mistral: Mistral) -> None:
    address = "data:image/png;base64," + "A" * 100_000
    answered = start(mistral, user({"type": "image_url", "image_url": address}))
    assert address[:200] in words_of(answered)
    assert len(words_of(answered)) < 1000


def test_the_request_is_what_comes_after_the_assistants_last_message(mistral: Mistral) -> None:
    answered = mistral.beta.conversations.start(
        agent_id=create_agent(mistral, "rates", INTEREST).id,
        inputs=[
            entry({"role": "user", "content": "Interest rate of the Fed in 2021?"}),
            entry({"role": "assistant", "content": "0.25 %"}),
            entry({"role": "user", "content": "And the interest rate of the ECB in 2022?"}),
        ],
    )
    (call,) = calls_of(answered)
    assert call.arguments == '{"bank": "ECB", "year": 2022}'


def test_an_assistants_message_at_the_end_does_not_hide_the_request() -> None:
    messages = (
        MessageInput(role="user", content="Roll the dice"),
        MessageInput(role="assistant", content="I", prefix=True),
    )
    assert "Roll the dice" in request_text(messages)


@pytest.mark.parametrize(
    "chunk",
    [
        {"type": "image", "url": ONE},
        {"type": "image_url", "url": ONE},
        {"type": "image_url", "image_url": {"uri": ONE}},
        {"type": "tool_reference", "tool": "web_search", "title": "t"},
        {"text": "no type"},
    ],
)
def test_pieces_are_of_a_closed_set_of_shapes(standin: StandIn, chunk: dict[str, Any]) -> None:
    response = httpx2.post(
        f"{standin.url}/v1/conversations",
        json={"model": MODEL, "inputs": [user(chunk)]},
        headers={"authorization": f"Bearer {KEY}"},
    )
    assert response.status_code == 422
