"""Events on our objects: one per thing that happened, counted when it happens again."""

import hashlib
import logging
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from agents_crds.v1alpha1 import API_VERSION, ObjectMeta, Reason
from agents_operator.kubernetes.api import MERGE_PATCH, KubernetesApi
from agents_operator.kubernetes.errors import ConflictError, ForbiddenError, GoneError, RejectedError
from agents_operator.kubernetes.resources import M, Resource
from agents_operator.shown import shown

CONTROLLER = "durable-agents.dev/operator"
NOTE_LIMIT = 1024


class _Series(BaseModel):
    model_config = ConfigDict(extra="ignore")
    count: int = 1


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore")
    series: _Series | None = None


class Events:
    """Posts `events.k8s.io/v1` Events about our objects."""

    def __init__(self, api: KubernetesApi, instance: str, logger: logging.Logger) -> None:
        self._api = api
        self._logger = logger
        self._instance = instance

    async def post(
        self,
        resource: Resource[M],
        about: M,
        type_: Literal["Normal", "Warning"],
        reason: Reason | str,
        note: str,
        *,
        action: str,
    ) -> None:
        """Post an Event, or count it up when the same one was posted before.

        An Event that the API server refuses, as it does in a namespace that is going away, is logged instead.
        """
        namespace = about.metadata.namespace
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        name = _event_name(about.metadata, str(reason), note)
        event: dict[str, JsonValue] = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "eventTime": now,
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance[:128],
            "action": action,
            "reason": str(reason),
            "note": _cut(note),
            "type": type_,
            "regarding": {
                "apiVersion": API_VERSION,
                "kind": resource.kind,
                "name": about.metadata.name,
                "namespace": namespace,
                "uid": about.metadata.uid,
            },
        }
        path = f"apis/events.k8s.io/v1/namespaces/{namespace}/events"
        try:
            await self._post_or_count_up(path, name, event, now)
        except (ForbiddenError, GoneError, RejectedError) as refusal:
            self._logger.warning("%s/%s: %s: %s (%s)", namespace, about.metadata.name, reason, note, refusal)

    async def _post_or_count_up(self, path: str, name: str, event: JsonValue, now: str) -> None:
        try:
            await self._api.request("POST", path, body=event)
        except ConflictError:
            await self._count_up(f"{path}/{name}", now)

    async def _count_up(self, path: str, now: str) -> None:
        event = _Event.model_validate_json(await self._api.request("GET", path))
        series: dict[str, JsonValue] = {
            "count": (event.series.count if event.series else 1) + 1,
            "lastObservedTime": now,
        }
        await self._api.request("PATCH", path, body={"series": series}, content_type=MERGE_PATCH)


def _cut(note: str) -> str:
    """Cut a note to what the API server takes, which counts bytes."""
    return shown(note).encode()[:NOTE_LIMIT].decode(errors="ignore")


def _event_name(metadata: ObjectMeta, reason: str, note: str) -> str:
    """Name an Event by its content, so that the same one again is a conflict."""
    digest = hashlib.sha256(repr((metadata.uid, reason, note)).encode()).hexdigest()[:16]
    return f"{metadata.name[:200]}.{digest}"
