"""The part of JSON Schema that tool parameters are written in."""

from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, model_validator

TypeName = Literal["string", "integer", "number", "boolean", "array", "object", "null"]


class JsonSchema(BaseModel):
    """A schema; keywords that do not help to choose a value are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    type: TypeName | tuple[TypeName, ...] | None = None
    description: str = ""
    format: str | None = None
    enum: tuple[JsonValue, ...] | None = None
    const: JsonValue | None = None
    default: JsonValue | None = None
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = Field(default=None, alias="exclusiveMinimum")
    exclusive_maximum: float | None = Field(default=None, alias="exclusiveMaximum")
    min_length: int = Field(default=0, alias="minLength")
    max_length: int | None = Field(default=None, alias="maxLength")
    pattern: str | None = None
    items: "JsonSchema | None" = None
    min_items: int = Field(default=0, alias="minItems")
    properties: "dict[str, JsonSchema]" = Field(default_factory=dict)
    required: tuple[str, ...] = ()
    any_of: "tuple[JsonSchema, ...]" = Field(default=(), alias="anyOf")
    one_of: "tuple[JsonSchema, ...]" = Field(default=(), alias="oneOf")
    all_of: "tuple[JsonSchema, ...]" = Field(default=(), alias="allOf")
    ref: str | None = Field(default=None, alias="$ref")
    defs: "dict[str, JsonSchema]" = Field(
        default_factory=dict,
        validation_alias=AliasChoices("$defs", "definitions"),
        serialization_alias="$defs",
    )

    @model_validator(mode="before")
    @classmethod
    def _allow_booleans(cls, value: JsonValue) -> JsonValue:
        """Read `true`, the schema that allows anything, as the empty one."""
        return {} if isinstance(value, bool) else value

    def resolved(self, root: "JsonSchema") -> "JsonSchema":
        """Follow `$ref` into the root's `$defs`, and take the first alternative that is not null."""
        if self.ref is not None:
            target = root.defs.get(self.ref.rpartition("/")[2], JsonSchema())
            return target.resolved(root)
        alternatives = [option for option in self.any_of + self.one_of + self.all_of if option.type != "null"]
        if not alternatives:
            return self
        chosen = alternatives[0].resolved(root)
        return chosen.model_copy(update={"description": self.description or chosen.description})

    @property
    def kind(self) -> TypeName | None:
        """Name the type to fill: the first that is not null, or what the other keywords imply."""
        match self.type:
            case str():
                return self.type
            case None:
                return "object" if self.properties else None
            case names:
                return next((name for name in names if name != "null"), "null")
