"""What a run begins with, where it is more than one text."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from agents_crds.v1alpha1.base import ApiModel, Rule
from agents_crds.v1alpha1.fields import ConfigMapKeyRef
from agents_crds.v1alpha1.text import Format


class MessagePart(ApiModel):
    """A part of a message."""

    text: Annotated[str, Field(min_length=1, max_length=65536)] | None = None
    """Words."""

    image_url: (
        Annotated[
            str,
            Field(max_length=2048),
            Format(
                r"^https?://[!-~]+$", "must be an http:// or https:// address, which the provider fetches"
            ),
        ]
        | None
    ) = None
    """Address of an image, which the provider fetches."""

    rules: ClassVar = (
        Rule(
            cel="has(self.text) != has(self.imageUrl)",
            message="exactly one of text and imageUrl",
            holds=lambda part: (part.text is None) != (part.image_url is None),
        ),
    )


class Message(ApiModel):
    """A message that the run begins with."""

    role: Literal["user", "assistant"] = "user"
    """Who said it."""

    content: Annotated[tuple[MessagePart, ...], Field(min_length=1, max_length=16)]
    """What was said."""


class InputSource(ApiModel):
    """Where the message to the agent comes from."""

    config_map_key_ref: ConfigMapKeyRef
    """A key of a ConfigMap, read when the run starts."""
