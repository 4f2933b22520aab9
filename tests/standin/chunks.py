"""The pieces of a message's content. What a caller sends and what a model says differ by their references."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tests.standin.base import Frozen


class TextChunk(Frozen):
    type: Literal["text"] = "text"
    text: str


class ImageUrl(Frozen):
    url: str
    detail: Literal["low", "auto", "high"] | None = None


class ImageUrlChunk(Frozen):
    type: Literal["image_url"] = "image_url"
    image_url: str | ImageUrl

    @property
    def url(self) -> str:
        """Give the address, however it was written."""
        return self.image_url if isinstance(self.image_url, str) else self.image_url.url


class ToolReferenceChunk(Frozen):
    """A source that a tool found."""

    type: Literal["tool_reference"] = "tool_reference"
    tool: str
    title: str
    url: str | None = None
    favicon: str | None = None
    description: str | None = None


class ToolFileChunk(Frozen):
    """A file that a tool made."""

    type: Literal["tool_file"] = "tool_file"
    tool: str
    file_id: str
    file_name: str | None = None
    file_type: str | None = None


class OtherChunk(BaseModel):
    """A document or a thought: kept as it came."""

    model_config = ConfigDict(frozen=True, extra="allow")
    type: Literal["document_url", "thinking"]


InputChunk = Annotated[TextChunk | ImageUrlChunk | ToolFileChunk | OtherChunk, Field(discriminator="type")]
OutputChunk = Annotated[
    TextChunk | ImageUrlChunk | ToolFileChunk | ToolReferenceChunk | OtherChunk, Field(discriminator="type")
]
Finding = ToolReferenceChunk | ToolFileChunk
InputContent = str | tuple[InputChunk, ...]
OutputContent = str | tuple[OutputChunk, ...]


def content_text(content: InputContent | OutputContent, *, between: str = "\n") -> str:
    """Join the text of a message; what is not text is left out."""
    if isinstance(content, str):
        return content
    return between.join(chunk.text for chunk in content if isinstance(chunk, TextChunk))


def image_urls(content: InputContent) -> tuple[str, ...]:
    """List the addresses of a message's images."""
    chunks: Iterable[object] = () if isinstance(content, str) else content
    return tuple(chunk.url for chunk in chunks if isinstance(chunk, ImageUrlChunk))
