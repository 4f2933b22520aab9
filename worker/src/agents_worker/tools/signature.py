"""What a function's signature and docstring say about its arguments."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

import docstring_parser
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, create_model
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo

from agents_crds.v1alpha1.fields import JsonSchema
from agents_worker.tools.context import ToolContext
from agents_worker.tools.decorator import AnyFunction
from agents_worker.tools.errors import ToolDefinitionError

_SCHEMAS = TypeAdapter(dict[str, JsonValue])
_NAMED_SCHEMAS = ("properties", "$defs", "patternProperties")
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_VALUES = ("default", "const", "enum", "examples")


@dataclass(frozen=True)
class Parameters:
    """The arguments of a tool: a model that validates them, its schema, and how they are passed on."""

    description: str
    schema: JsonSchema
    model: type[BaseModel]
    signature: inspect.Signature
    fields: Mapping[str, str]
    """The model's field for each of the function's parameters."""
    context: str | None
    """The parameter that takes the ToolContext, of which the model knows nothing."""


def read_parameters(function: AnyFunction, name: str) -> Parameters:
    """Derive a tool's arguments from its type hints and docstring, or say what is wrong with them."""
    signature = inspect.signature(function)
    docstring = docstring_parser.parse(inspect.getdoc(function) or "")
    described = {param.arg_name: param.description for param in docstring.params if param.description}
    try:
        hints = get_type_hints(function, include_extras=True)
    except (NameError, TypeError) as error:
        raise ToolDefinitionError(f"tool {name}: a type hint cannot be read ({error}); fix it") from error
    context = _context_parameter(signature, hints, name)
    arguments = [each for each in signature.parameters.values() if each.name != context]
    # Fields get names of their own: a parameter may be called `schema` or `_id`, a model's field may not.
    fields = {argument.name: f"argument_{number}" for number, argument in enumerate(arguments)}
    try:
        model = create_model(
            name,
            __config__=ConfigDict(extra="forbid", arbitrary_types_allowed=False),
            **{fields[argument.name]: _field(argument, hints, described, name) for argument in arguments},
        )
        schema = _SCHEMAS.validate_python(model.model_json_schema(by_alias=True))
    except PydanticUserError as error:
        raise ToolDefinitionError(
            f"tool {name}: a parameter has a type that JSON cannot carry ({error.message}); "
            "use numbers, strings, lists, enums, dataclasses or pydantic models"
        ) from error
    return Parameters(
        description="\n\n".join(
            part for part in (docstring.short_description, docstring.long_description) if part
        ),
        schema=JsonSchema(_without_titles(schema)),
        model=model,
        signature=signature,
        fields=fields,
        context=context,
    )


def _context_parameter(signature: inspect.Signature, hints: Mapping[str, Any], tool: str) -> str | None:
    """Find the parameter that is annotated as ToolContext."""
    single = [each.name for each in signature.parameters.values() if each.kind not in _VARIADIC]
    for name in single:
        if any(part is ToolContext for part in get_args(hints.get(name))):
            raise ToolDefinitionError(
                f"tool {tool}: annotate {name} as ToolContext and nothing else: the worker always fills it"
            )
    found = [name for name in single if hints.get(name) is ToolContext]
    if len(found) > 1:
        raise ToolDefinitionError(
            f"tool {tool}: {' and '.join(found)} are each a ToolContext, of which a call has one: keep one"
        )
    return found[0] if found else None


def _field(
    parameter: inspect.Parameter, hints: Mapping[str, Any], described: Mapping[str, str], tool: str
) -> Any:
    """Describe one parameter as create_model takes it: its type, and a field with the rest."""
    if parameter.kind in _VARIADIC:
        raise ToolDefinitionError(
            f"tool {tool}: a model cannot fill *{parameter.name}; name each parameter of the function"
        )
    hint = hints.get(parameter.name, Any)
    description = FieldInfo.from_annotation(hint).description or described.get(parameter.name)
    default = ... if parameter.default is parameter.empty else parameter.default
    return (hint, Field(default=default, alias=parameter.name, description=description))


def _without_titles(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Drop the titles that pydantic derives from names: the model reads them as noise and pays for them."""
    return {key: _inner(key, value) for key, value in schema.items() if key != "title"}


def _inner(key: str, value: JsonValue) -> JsonValue:
    match value:
        case dict() if key in _NAMED_SCHEMAS:
            return {name: _inner("", inner) for name, inner in value.items()}
        case dict() if key not in _VALUES:
            return _without_titles(value)
        case list() if key not in _VALUES:
            return [_inner("", item) for item in value]
        case _:
            return value
