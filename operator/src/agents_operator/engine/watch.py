"""kopf brings what happens to our objects; this makes models of it and passes them to the world."""

import asyncio
from collections.abc import Callable

import kopf
from pydantic import ValidationError

from agents_crds.v1alpha1 import GROUP, VERSION, StoredObject
from agents_operator.engine.invalid import Invalid
from agents_operator.engine.kopf_settings import kopf_settings
from agents_operator.engine.world import Cache, Key, World
from agents_operator.kubernetes.resources import (
    AGENT_RUNS,
    AGENTS,
    MCP_SERVERS,
    MODEL_PROVIDERS,
    TEMPORAL_CONNECTIONS,
    WORKER_POOLS,
    M,
    Resource,
)


class WatchEndedError(Exception):
    """kopf has given up."""


async def watch(registry: kopf.OperatorRegistry, spawned: Callable[[], None], namespace: str | None) -> None:
    """Pass on what happens in a namespace, or in all (None), until cancelled; raise WatchEndedError.

    `kopf.operator` does the same, but when it ends it also cancels every task that is younger than itself,
    whosever it is. `spawned` is called when kopf has taken SIGTERM and SIGINT over.
    """
    tasks = await kopf.spawn_tasks(
        registry=registry,
        settings=kopf_settings(),
        standalone=True,
        clusterwide=namespace is None,
        namespaces=() if namespace is None else (namespace,),
    )
    spawned()
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    cause = next(filter(None, (task.exception() for task in done if not task.cancelled())), None)
    raise WatchEndedError(f"the watch has ended: {cause}") from cause


def watch_everything(
    world: World, invalid: Invalid, watched: Callable[[str], None] = lambda _: None
) -> kopf.OperatorRegistry:
    """Register a handler for each kind; `watched` hears of the kind of each event.

    Only `on.event` is used: kopf then stores nothing in our objects and writes nothing to them, and the same
    reconcile serves creation, update, restart, time and dependencies.
    """
    registry = kopf.OperatorRegistry()
    _watch(registry, AGENTS, world.agents, invalid, watched)
    _watch(registry, AGENT_RUNS, world.runs, invalid, watched)
    _watch(registry, MODEL_PROVIDERS, world.providers, invalid, watched)
    _watch(registry, WORKER_POOLS, world.pools, invalid, watched)
    _watch(registry, MCP_SERVERS, world.mcp_servers, invalid, watched)
    _watch(registry, TEMPORAL_CONNECTIONS, world.temporal_connections, invalid, watched)
    return registry


def _watch(
    registry: kopf.OperatorRegistry,
    resource: Resource[M],
    cache: Cache[M],
    invalid: Invalid,
    watched: Callable[[str], None],
) -> None:
    @kopf.on.event(GROUP, VERSION, resource.plural, registry=registry)
    async def seen(event: kopf.RawEvent, **_: object) -> None:
        body = event["object"]
        watched(resource.kind)
        if event["type"] == "DELETED":
            gone = StoredObject.model_validate(body)
            invalid.forget(Key.of(gone))
            cache.forget(Key.of(gone), version=gone.metadata.resource_version)
            return
        try:
            stored = resource.model.model_validate(body)
        except ValidationError as error:
            await invalid.refuse(resource, body, error)
        else:
            invalid.forget(Key.of(stored))
            cache.see(stored)
