"""The audit log of a local API server: what operators asked of it, for tests that count."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

POLICY = yaml.safe_dump(
    {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            # Administrators, the API server itself, and probes.
            {"level": "None", "userGroups": ["system:masters", "system:unauthenticated"]},
            {"level": "Metadata"},
        ],
    }
)


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, validate_by_name=True)


class ObjectReference(_Event):
    """What a request was about; `name` is None for a list, a watch, or a create."""

    resource: str
    api_group: str = ""
    namespace: str | None = None
    name: str | None = None
    subresource: str | None = None


class ResponseStatus(_Event):
    """How a request was answered; `message` is there when it was refused."""

    code: int
    message: str = ""


class Requester(_Event):
    """Who asked."""

    username: str


class Request(_Event):
    """One request of an operator; a watch appears when it starts and again when it ends."""

    user: Requester
    verb: str
    stage: str
    request_uri: str = Field(alias="requestURI")
    user_agent: str = ""
    received: AwareDatetime = Field(alias="requestReceivedTimestamp")
    object_ref: ObjectReference | None = None
    response_status: ResponseStatus | None = None


def requests(audit_log: Path, *, skip: int = 0) -> Iterator[Request]:
    """Every request in `audit_log` so far but the first `skip`, oldest first; complete once answered."""
    with audit_log.open() as lines:
        for line in itertools.islice(lines, skip, None):
            yield Request.model_validate_json(line)
