from typing import Any

import pytest
from mcp_types import (
    AudioContent,
    CallToolResult,
    ContentBlock,
    GetPromptResult,
    ImageContent,
    PromptMessage,
    ResourceLink,
    TextContent,
)

from agents_worker.mcp.contents import prompt_text, result_text


def said(*blocks: ContentBlock | str, structured: Any = None, is_error: bool = False) -> str:
    content = [TextContent(type="text", text=block) if isinstance(block, str) else block for block in blocks]
    return result_text(
        "s_t", CallToolResult(content=content, structured_content=structured, is_error=is_error)
    )


def test_texts_stay_as_they_are() -> None:
    assert said("one", "two\n") == "one\ntwo\n"


def test_images_and_sounds_are_described_by_kind_and_size() -> None:
    image = ImageContent(type="image", data="aGVsbG8=", mime_type="image/png")
    sound = AudioContent(type="audio", data="aGVsbG8h", mime_type="audio/wav")
    assert said(image, sound) == "[image: image/png, 5 bytes]\n[audio: audio/wav, 6 bytes]"


def test_link_says_where_it_leads() -> None:
    link = ResourceLink(type="resource_link", uri="file:///a", name="a")
    assert said(link) == "[link to file:///a: a]"


@pytest.mark.parametrize(
    ("texts", "structured"),
    [
        (('{"a": 1}',), {"a": 1}),
        (("3",), {"result": 3}),
        (("three",), {"result": "three"}),
        (("1", "2"), {"result": [1, 2]}),
        (("a", "b"), {"result": ["a", "b"]}),
    ],
)
def test_structured_content_that_the_text_says_is_not_said_twice(
    texts: tuple[str, ...], structured: Any
) -> None:
    assert said(*texts, structured=structured) == "\n".join(texts)


def test_structured_content_that_no_text_says_is_said_as_json() -> None:
    assert said("Done", structured={"a": [1, None]}) == 'Done\n{"a":[1,null]}'
    assert said(structured={}) == "{}"


def test_failure_is_told_as_one() -> None:
    assert said("no luck", is_error=True) == "s_t failed: no luck"
    assert said(is_error=True) == "s_t failed: it does not say why"


def test_nothing_is_told_as_nothing() -> None:
    assert said() == "s_t returned nothing"
    assert said("") == "s_t returned nothing"


def test_messages_of_a_prompt_are_joined() -> None:
    messages = [
        PromptMessage(role="user", content=TextContent(type="text", text="Be kind.")),
        PromptMessage(role="assistant", content=TextContent(type="text", text="I will.")),
    ]
    assert prompt_text(GetPromptResult(messages=messages)) == "Be kind.\n\nI will."
