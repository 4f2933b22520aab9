"""The schema of a kind as its manifest has it, to generate objects from."""

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from agents_crds.generate.manifest import Kind
from agents_crds.generate.schema import structural_schema
from agents_crds.v1alpha1.text import DNS_SUBDOMAIN


class Rule(BaseModel):
    """A CEL rule."""

    model_config = ConfigDict(frozen=True)

    rule: str


class Node(BaseModel):
    """The schema of one value."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, validate_by_name=True)

    type: Literal["object", "array", "string", "integer", "number", "boolean", "any"] = "any"
    description: str = ""
    properties: dict[str, "Node"] = {}
    values: "Node | None" = Field(default=None, alias="additionalProperties")
    required: frozenset[str] = frozenset()
    items: "Node | None" = None
    min_items: int = 0
    max_items: int | None = None
    enum: tuple[str, ...] = ()
    format: str | None = None
    min_length: int = 0
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    keyword_pattern: str | None = Field(default=None, alias="pattern")
    rules: tuple[Rule, ...] = Field(default=(), alias="x-kubernetes-validations")
    keys: tuple[str, ...] = Field(default=(), alias="x-kubernetes-list-map-keys")
    opaque: bool = Field(default=False, alias="x-kubernetes-preserve-unknown-fields")

    @property
    def pattern(self) -> str | None:
        """What the text must match, by keyword or by rule."""
        matches = (re.match(r"self\.matches\(r'(.*?)'\)", each.rule) for each in self.rules)
        return next((match[1] for match in matches if match), self.keyword_pattern)


def schema_of(kind: Kind) -> Node:
    """The schema of a whole object."""
    return Node.model_validate(structural_schema(kind.model))


def input_of(kind: Kind) -> Node:
    """The schema of what a user writes: a name and a spec."""
    schema = schema_of(kind)
    longest = max(
        int(limit) for rule in schema.rules for limit in re.findall(r"name\.size\(\) <= (\d+)", rule.rule)
    )
    name = Node(type="string", max_length=longest, keyword_pattern=DNS_SUBDOMAIN)
    metadata = Node(type="object", properties={"name": name}, required=frozenset({"name"}))
    return Node(
        type="object",
        properties={"metadata": metadata, "spec": schema.properties["spec"]},
        required=frozenset({"metadata", "spec"}),
    )
