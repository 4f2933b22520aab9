"""A namespace of a real API server: what a user, other operators and the platform put there."""

import base64
import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import aiohttp
from pydantic import BaseModel, ConfigDict, JsonValue

from agents_crds.contract import CONTRACT
from agents_crds.v1alpha1 import (
    API_VERSION,
    Agent,
    AgentRunStatus,
    Condition,
    ConditionType,
    ModelProviderStatus,
    Reason,
    RemoteAgent,
    Status,
    ToolDescription,
    WorkerPoolStatus,
)
from agents_crds.v1alpha1.fields import JsonSchema
from agents_operator.engine.conditions import condition, find
from agents_operator.kubernetes.api import MERGE_PATCH, KubernetesApi
from agents_operator.kubernetes.configmaps import ConfigMaps
from agents_operator.kubernetes.errors import ConflictError
from agents_operator.kubernetes.resources import (
    AGENT_RUNS,
    AGENTS,
    MODEL_PROVIDERS,
    WORKER_POOLS,
    M,
    Resource,
)
from tests.unit.operator.hand import KEY, OTHER_KEY

KEYS = {"default": KEY, "other": OTHER_KEY}
OPERATOR_NAMESPACE = "kube-public"
OFFERED = ("get_interest_rate", "get_exchange_rate")
MODEL = "mistral-small-latest"

Manifest = dict[str, JsonValue]


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    reason: str
    note: str
    regarding: Mapping[str, JsonValue]


class _Events(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    items: tuple[_Event, ...]


class _ConfigMap(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    data: dict[str, str] = {}


def tool(name: str) -> ToolDescription:
    schema = JsonSchema({"type": "object", "properties": {"bank": {"type": "string"}}})
    return ToolDescription(
        name=name, description=f"Does {name}.", parameters=schema, timeout=timedelta(minutes=1)
    )


class Namespace:
    """The objects of one namespace; `urls` are the addresses of the accounts by their names."""

    def __init__(self, session: aiohttp.ClientSession, namespace: str, urls: Mapping[str, str]) -> None:
        self.api = KubernetesApi(session)
        self.namespace = namespace
        self._urls = urls

    async def set_up(self) -> None:
        """Make a provider, its Secret, and a pool with two tools."""
        await self.api.request("POST", "api/v1/namespaces", body=core("Namespace", self.namespace))
        await self.add_provider("default")
        await self.create(WORKER_POOLS, "default", {"template": {"spec": {"containers": [CONTAINER]}}})
        await self.offer(*OFFERED)

    async def add_provider(self, name: str, account: str | None = None) -> None:
        """Make a ModelProvider of the account of that name, or another, and its Secret; both in order."""
        account = account or name
        await self.create_secret(name, KEYS[account])
        spec: Manifest = {"url": self._urls[account], "apiKeySecretRef": {"name": name}}
        await self.create(MODEL_PROVIDERS, name, spec)
        await self.set_provider(name, "True", Reason.AVAILABLE)

    async def create_secret(self, name: str, key: str) -> None:
        secret = core("Secret", name)
        secret["data"] = {"api-key": base64.b64encode(key.encode()).decode()}
        await self.api.request("POST", f"api/v1/namespaces/{self.namespace}/secrets", body=secret)

    async def create(self, resource: Resource[M], name: str, spec: Manifest) -> M:
        body: Manifest = {
            "apiVersion": API_VERSION,
            "kind": resource.kind,
            "metadata": {"name": name},
            "spec": spec,
        }
        path = resource.path(self.namespace)
        return resource.model.model_validate_json(await self.api.request("POST", path, body=body))

    async def add_agent(self, name: str = "finance", **spec: JsonValue) -> Agent:
        """Make an Agent with two tools, or what the spec says."""
        tools: JsonValue = [{"function": {"name": offered}} for offered in OFFERED]
        base: Manifest = {"model": MODEL, "instructions": "Be brief.", "tools": tools}
        return await self.create(AGENTS, name, {**base, **spec})

    async def edit(self, name: str = "finance", **spec: JsonValue) -> None:
        """Change fields of an Agent's spec; None removes one."""
        await self.merge(AGENTS, name, {"spec": spec})

    async def merge(self, resource: Resource[M], name: str, change: JsonValue) -> None:
        await self.api.request(
            "PATCH", resource.path(self.namespace, name), body=change, content_type=MERGE_PATCH
        )

    async def merge_label(self, name: str, label: str, value: str) -> None:
        await self.merge(AGENTS, name, {"metadata": {"labels": {label: value}}})

    async def delete(self, resource: Resource[M], name: str) -> None:
        await self.api.request("DELETE", resource.path(self.namespace, name))

    async def delete_secret(self, name: str = "default") -> None:
        await self.api.request("DELETE", f"api/v1/namespaces/{self.namespace}/secrets/{name}")

    async def add_run(self, name: str, status: AgentRunStatus, agent: str = "finance") -> None:
        run = await self.create(AGENT_RUNS, name, {"agentRef": {"name": agent}, "input": "Hello."})
        await self.api.write_status(AGENT_RUNS, run, status)

    async def offer(self, *names: str, settled: bool = True) -> None:
        """Let the pool's workers offer these tools; not `settled` is a new build that has not answered."""
        pool = await self.stored(WORKER_POOLS, "default")
        ready = condition(
            ConditionType.READY,
            "True" if settled else "False",
            Reason.AVAILABLE if settled else Reason.WORKER_NOT_RESPONDING,
            "",
            generation=pool.metadata.generation,
            now=datetime.now(UTC),
        )
        status = WorkerPoolStatus(
            build="b1",
            contract=CONTRACT,
            tools=tuple(tool(name) for name in names),
            conditions=(ready,),
        )
        await self.api.write_status(WORKER_POOLS, pool, status)

    async def set_provider(self, name: str, status: str, reason: Reason) -> None:
        """Let a ModelProvider be Ready or not."""
        provider = await self.stored(MODEL_PROVIDERS, name)
        ready = condition(
            ConditionType.READY,
            "True" if status == "True" else "False",
            reason,
            "as the test says",
            generation=1,
            now=datetime.now(UTC),
        )
        await self.api.write_status(MODEL_PROVIDERS, provider, ModelProviderStatus(conditions=(ready,)))

    async def write_status(self, status: Status, name: str = "finance") -> None:
        """Write the status of an Agent, as another operator or a restored backup would."""
        await self.api.write_status(AGENTS, await self.agent(name), status)

    async def stored(self, resource: Resource[M], name: str) -> M:
        found = await self.api.get(resource, self.namespace, name)
        assert found is not None
        return found

    async def agent(self, name: str = "finance") -> Agent:
        return await self.stored(AGENTS, name)

    async def is_gone(self, name: str = "finance") -> bool:
        return await self.api.get(AGENTS, self.namespace, name) is None

    async def remote(self, name: str = "finance") -> RemoteAgent:
        """Return what is recorded of the remote agent."""
        remote = (await self.agent(name)).status.remote
        assert remote is not None
        return remote

    async def condition(self, type_: ConditionType, name: str = "finance") -> Condition:
        found = find((await self.agent(name)).status.conditions, type_)
        assert found is not None
        return found

    async def conditions(self, name: str = "finance") -> dict[str, str]:
        """Return the conditions as `Type: Status Reason`."""
        agent = await self.agent(name)
        return {known.type: f"{known.status} {known.reason}" for known in agent.status.conditions}

    async def events(self, name: str = "finance") -> dict[str, str]:
        """Return the notes of the events about an object, by their reasons."""
        path = f"apis/events.k8s.io/v1/namespaces/{self.namespace}/events"
        found = _Events.model_validate_json(await self.api.request("GET", path))
        return {event.reason: event.note for event in found.items if event.regarding["name"] == name}

    async def orphans(self) -> tuple[str, ...]:
        """Return the orphans that were recorded of this namespace."""
        name = "durable-agents-orphans"
        path = f"api/v1/namespaces/{OPERATOR_NAMESPACE}/configmaps/{name}"
        configmaps = ConfigMaps(self.api, OPERATOR_NAMESPACE)
        with contextlib.suppress(ConflictError):
            await configmaps.create(name, "placeholder", "")
        data = _ConfigMap.model_validate_json(await self.api.request("GET", path)).data
        return tuple(value for key, value in data.items() if key.startswith(f"{self.namespace}."))


CONTAINER: Manifest = {"name": "worker", "image": "worker:1"}


def core(kind: str, name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}
