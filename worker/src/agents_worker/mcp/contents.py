"""What a tool or a prompt returned, as a text for the model."""

from collections.abc import Sequence
from typing import Any

from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    GetPromptResult,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)
from pydantic_core import from_json, to_json


def result_text(name: str, result: CallToolResult) -> str:
    """Say in words what a tool returned, whatever its kind; what is no text is described."""
    texts = [block_text(block) for block in result.content]
    if result.structured_content is not None and not _is_said(result):
        texts.append(to_json(result.structured_content).decode())
    text = "\n".join(text for text in texts if text)
    if result.is_error:
        return f"{name} failed: {text or 'it does not say why'}"
    return text or f"{name} returned nothing"


def prompt_text(prompt: GetPromptResult) -> str:
    """Join a prompt's messages."""
    return "\n\n".join(block_text(message.content) for message in prompt.messages).strip()


def block_text(block: ContentBlock) -> str:
    """Say in words what a block holds."""
    match block:
        case TextContent(text=text):
            return text
        case ImageContent(data=data, mime_type=kind):
            return f"[image: {kind}, {_size(data)} bytes]"
        case AudioContent(data=data, mime_type=kind):
            return f"[audio: {kind}, {_size(data)} bytes]"
        case ResourceLink(uri=uri, name=name, description=description):
            return f"[link to {uri}: {name}{f', {description}' if description else ''}]"
        case EmbeddedResource(resource=resource):
            return _resource_text(resource)


def _resource_text(resource: TextResourceContents | BlobResourceContents) -> str:
    match resource:
        case TextResourceContents(uri=uri, text=text):
            return f"[resource {uri}]\n{text}"
        case BlobResourceContents(uri=uri, blob=blob, mime_type=kind):
            return f"[resource {uri}: {kind or 'binary'}, {_size(blob)} bytes]"


def _size(base64: str) -> int:
    return len(base64) * 3 // 4 - base64[-2:].count("=")


def _is_said(result: CallToolResult) -> bool:
    """Tell whether a text repeats the structured content, as MCP asks servers to do."""
    texts = [block.text for block in result.content if isinstance(block, TextContent)]
    structured: Any = result.structured_content
    said = [structured]
    if isinstance(structured, dict) and set(structured) == {"result"}:
        # So a server wraps what is no object.
        said.append(structured["result"])
    return any(_says(texts, value) for value in said)


def _says(texts: Sequence[str], value: Any) -> bool:
    values = [_parsed(text) for text in texts]
    return value in texts or value in values or value == values or value == list(texts)


def _parsed(text: str) -> Any:
    try:
        return from_json(text)
    except ValueError:
        return text
