"""What every model of the API has in common: how it is parsed, and rules that say one thing twice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, JsonValue, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


@dataclass(frozen=True)
class Rule:
    """A constraint on one object, as CEL for the API server and as Python for the model.

    `path` is relative to the object (`.name`); both forms must accept the same objects.
    """

    cel: str
    message: str
    holds: Callable[[Any], bool]
    path: str | None = None


@dataclass(frozen=True)
class Transition:
    """A constraint on an update, which only the API server can check: it alone has the old object."""

    cel: str
    message: str
    path: str | None = None


class ApiModel(BaseModel):
    """A frozen part of an object, camelCase outside and snake_case inside.

    Unknown fields are ignored, so that objects stored by a newer or older release still parse; validate with
    `extra="forbid", by_name=False` to get the API server's answer under `fieldValidation=Strict`.
    """

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
        extra="ignore",
    )

    rules: ClassVar[tuple[Rule, ...]] = ()
    transitions: ClassVar[tuple[Transition, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _as_the_api_server_reads(cls, data: object) -> object:
        """Take a known field's null for its absence: nothing here is nullable."""
        if not isinstance(data, dict):
            return data
        known = {field.alias for field in cls.model_fields.values()}
        return {key: value for key, value in data.items() if value is not None or key not in known}

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        broken = [rule.message for rule in self.rules if not rule.holds(self)]
        if broken:
            raise ValueError("; ".join(broken))
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core_schema))
        rules: tuple[Rule | Transition, ...] = (*cls.rules, *cls.transitions)
        validations = [_validation(rule) for rule in rules]
        if validations:
            schema["x-kubernetes-validations"] = validations
        return schema

    def manifest(self) -> dict[str, JsonValue]:
        """Return the object as JSON, with what is absent left out."""
        return self.model_dump(mode="json", exclude_none=True)


def _validation(rule: Rule | Transition) -> dict[str, str]:
    validation = {"rule": rule.cel, "message": rule.message}
    return validation if rule.path is None else {**validation, "fieldPath": rule.path}
