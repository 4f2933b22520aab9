"""Turns pydantic's JSON schema into the structural schema that the API server takes.

Rules of structural schemas: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from datetime import timedelta
from typing import Any

from pydantic import JsonValue
from pydantic.json_schema import GenerateJsonSchema

from agents_crds.v1alpha1 import StoredObject
from agents_crds.v1alpha1.base import ApiModel
from agents_crds.v1alpha1.fields import exact_duration

Schema = dict[str, JsonValue]


_KEYWORDS = {
    "default",
    "description",
    "enum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "properties",
    "required",
    "type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
}
"""What the models use of structural schemas; anything else is a mistake until it was tried on a server."""


class UnsupportedSchemaError(Exception):
    """A model uses a construct that has no structural form."""


class _KubernetesDefaults(GenerateJsonSchema):
    """Writes defaults as the API server fills them in: an object by the defaults of its own fields."""

    def encode_default(self, dft: Any) -> Any:
        match dft:
            case ApiModel():
                return {}
            case timedelta():
                return exact_duration(dft)
            case _:
                return super().encode_default(dft)


def structural_schema(model: type[StoredObject]) -> Schema:
    """Return the OpenAPI v3 schema of an object: references inlined, nullables optional, titles dropped."""
    schema = model.model_json_schema(mode="validation", by_alias=True, schema_generator=_KubernetesDefaults)
    definitions: dict[str, Schema] = schema.pop("$defs", {})
    first_status = model.model_fields["status"].get_default().manifest()
    return _object_root(_structural(schema, definitions, path=model.__name__), first_status)


def _object_root(schema: Schema, first_status: JsonValue) -> Schema:
    properties = schema["properties"]
    if not isinstance(properties, dict):
        raise UnsupportedSchemaError("the root of a kind must be an object")
    # The API server owns metadata and refuses a schema for it.
    envelope: dict[str, JsonValue] = {
        "apiVersion": {"type": "string", "description": "Group and version of the kind."},
        "kind": {"type": "string", "description": "Name of the kind."},
        "metadata": {"type": "object"},
    }
    status: Schema = {**_as_schema(properties["status"]), "default": first_status}
    return {**schema, "required": ["spec"], "properties": {**properties, **envelope, "status": status}}


def _structural(schema: Schema, definitions: dict[str, Schema], path: str) -> Schema:
    schema = _inlined(schema, definitions, path)
    result: Schema = {}
    for key, value in schema.items():
        match key, value:
            case ("title", _) | ("default", (None | [])):
                continue
            case "properties", dict():
                result[key] = _properties(value, definitions, path)
            case "items", dict():
                result[key] = _structural(value, definitions, f"{path}[]")
            case "additionalProperties", dict() if not _inlined(value, definitions, path):
                result["x-kubernetes-preserve-unknown-fields"] = True
            case "additionalProperties", {"type": "string"}:
                result[key] = value
            case _ if key in _KEYWORDS:
                result[key] = value
            case _:
                raise UnsupportedSchemaError(f"{path}: {key} has no structural form")
    return dict(sorted(result.items()))


def _properties(properties: Schema, definitions: dict[str, Schema], path: str) -> Schema:
    return {
        name: _structural(_as_schema(child), definitions, f"{path}.{name}")
        for name, child in properties.items()
    }


def _inlined(schema: Schema, definitions: dict[str, Schema], path: str) -> Schema:
    """Resolve `$ref` and `anyOf: [X, null]`; what the field itself says wins over what its type says."""
    match schema:
        case {"$ref": str(reference)}:
            target = definitions[reference.removeprefix("#/$defs/")]
            own = {key: value for key, value in schema.items() if key != "$ref"}
            return _inlined({**target, **own}, definitions, path)
        case {"anyOf": [dict(choice), {"type": "null"}]}:
            own = {key: value for key, value in schema.items() if key != "anyOf"}
            return _inlined({**choice, **own}, definitions, path)
        case {"allOf": [dict(choice)]}:
            own = {key: value for key, value in schema.items() if key != "allOf"}
            return _inlined({**choice, **own}, definitions, path)
        case {"const": value}:
            own = {key: value for key, value in schema.items() if key != "const"}
            return {**own, "enum": [value]}
        case _:
            return schema


def _as_schema(value: JsonValue) -> Schema:
    if not isinstance(value, dict):
        raise UnsupportedSchemaError(f"{value!r} is not a schema")
    return value
