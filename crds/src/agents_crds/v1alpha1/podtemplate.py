"""Pod templates: typed where this project reads or guards them, and else whatever Kubernetes has.

What is not typed here the API server judges when the Deployment is applied.
"""

from typing import Annotated, ClassVar

from pydantic import (
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from agents_crds.v1alpha1.base import ApiModel, Rule
from agents_crds.v1alpha1.fields import StringMap
from agents_crds.v1alpha1.text import Format, ListMap

WORKER = "worker"
"""Name of the container that runs the worker."""

RESERVED = ("DURABLE_AGENTS_", "TEMPORAL_")
"""Beginnings of the names of variables that the operator sets."""


# The longest that Linux passes to a process: MAX_ARG_STRLEN.
Argument = Annotated[str, Field(max_length=131072)]


class OpenModel(ApiModel):
    """A part of a Kubernetes object; fields that are not modelled are kept as they are."""

    others: dict[str, JsonValue] = Field(default={}, exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _as_the_api_server_reads(cls, data: object) -> object:
        """Take a known field's null for its absence, and set aside what is not known."""
        if not isinstance(data, dict):
            return data
        known = {field.alias for name, field in cls.model_fields.items() if name != "others"}
        return {
            **{key: value for key, value in data.items() if key in known and value is not None},
            "others": {key: value for key, value in data.items() if key not in known},
        }

    @model_serializer(mode="wrap")
    def _with_others(self, serialize: SerializerFunctionWrapHandler) -> dict[str, JsonValue]:
        modelled: dict[str, JsonValue] = serialize(self)
        return modelled | self.others

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = super().__get_pydantic_json_schema__(core_schema, handler)
        properties = {name: child for name, child in schema["properties"].items() if name != "others"}
        return {**schema, "properties": properties, "additionalProperties": {}}


class EnvVar(OpenModel):
    """An environment variable."""

    name: Annotated[str, Field(max_length=1024)]
    """Name of the variable."""

    value: Argument | None = None
    """Value of the variable, where it has no `valueFrom`."""


class Container(OpenModel):
    """A container of the worker pods, with any field of Kubernetes' own."""

    name: Annotated[str, Field(max_length=63)]
    """`worker` for the container that runs the worker; any other name is a sidecar's."""

    image: Annotated[
        str,
        Field(max_length=1024),
        Format(r"^[!-~]+$", "must name an image, without spaces, as in example.com/workers:1.2"),
    ]
    """Image of the container; the worker's has the worker and the tools."""

    command: Annotated[tuple[Argument, ...], Field(max_length=1024)] | None = None
    """Entry point, where it is not the image's."""

    args: Annotated[tuple[Argument, ...], Field(max_length=1024)] | None = None
    """Arguments, where they are not the image's."""

    env: Annotated[tuple[EnvVar, ...], Field(max_length=256), ListMap("name")] | None = None
    """Environment; `WORKER_MODULES` names the Python modules whose tools the worker offers."""

    rules: ClassVar = (
        Rule(
            cel=f"self.name != '{WORKER}' || !has(self.env) || self.env.all(e, "
            + " && ".join(f"!e.name.startsWith('{prefix}')" for prefix in RESERVED)
            + ")",
            message="env must not set DURABLE_AGENTS_* or TEMPORAL_* variables: the operator sets them",
            holds=lambda container: (
                container.name != WORKER
                or not any(each.name.startswith(RESERVED) for each in container.env or ())
            ),
            path=".env",
        ),
    )


class PodSpec(OpenModel):
    """The worker pod, with any field of Kubernetes' own."""

    containers: Annotated[tuple[Container, ...], Field(min_length=1, max_length=32), ListMap("name")]
    """The container `worker`, and any others beside it."""

    rules: ClassVar = (
        Rule(
            cel=f"self.containers.exists_one(c, c.name == '{WORKER}')",
            message="one container must have the name worker: it runs the worker",
            holds=lambda pod: any(container.name == WORKER for container in pod.containers),
            path=".containers",
        ),
    )


class PodMetadata(OpenModel):
    """Metadata of the worker pods."""

    labels: StringMap | None = None
    """Labels of the pods, beside the operator's own."""

    annotations: StringMap | None = None
    """Annotations of the pods."""


class PodTemplate(OpenModel):
    """The pods of a pool: a PodTemplateSpec, https://kubernetes.io/docs/concepts/workloads/pods/#pod-templates."""

    metadata: PodMetadata | None = None
    """Labels and annotations of the worker pods."""

    spec: PodSpec
    """The worker pod; the operator adds what the worker needs and the template leaves out."""
