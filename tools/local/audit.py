"""The audit log of a local API server: what the operator asked of it, for tests that count."""

from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tools.local.kubeconfig import OPERATOR

POLICY = yaml.safe_dump(
    {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {
                "level": "Metadata",
                "users": [OPERATOR.name],
                "resources": [{"group": group} for group in ("durable-agents.dev", "", "apps")],
            },
            {"level": "None"},
        ],
    }
)


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, validate_by_name=True)


class ObjectReference(_Event):
    """What a request was about; `name` is None for a list, a watch, or a create."""

    resource: str
    namespace: str | None = None
    name: str | None = None
    subresource: str | None = None


class ResponseStatus(_Event):
    """How a request was answered."""

    code: int


class Request(_Event):
    """One request the operator made; a watch appears when it starts and again when it ends."""

    verb: str
    stage: str
    request_uri: str = Field(alias="requestURI")
    object_ref: ObjectReference | None = None
    response_status: ResponseStatus | None = None


def requests(audit_log: Path) -> Iterator[Request]:
    """Every request in `audit_log` so far, oldest first; complete once answered."""
    with audit_log.open() as lines:
        for line in lines:
            yield Request.model_validate_json(line)
