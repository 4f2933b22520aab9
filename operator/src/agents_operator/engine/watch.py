"""kopf brings what happens to our objects; this makes models of it and passes them to the world."""

import kopf
from pydantic import ValidationError

from agents_crds.v1alpha1 import GROUP, VERSION, StoredObject
from agents_operator.engine.invalid import Invalid
from agents_operator.engine.world import Cache, Key, World
from agents_operator.kubernetes.resources import (
    AGENT_RUNS,
    AGENTS,
    MODEL_PROVIDERS,
    WORKER_POOLS,
    M,
    Resource,
)


def watch_everything(world: World, invalid: Invalid) -> kopf.OperatorRegistry:
    """Register a handler for each kind.

    Only `on.event` is used: kopf then stores nothing in our objects and writes nothing to them, and the same
    reconcile serves creation, update, restart, time and dependencies.
    """
    registry = kopf.OperatorRegistry()
    _watch(registry, AGENTS, world.agents, invalid)
    _watch(registry, AGENT_RUNS, world.runs, invalid)
    _watch(registry, MODEL_PROVIDERS, world.providers, invalid)
    _watch(registry, WORKER_POOLS, world.pools, invalid)
    return registry


def _watch(
    registry: kopf.OperatorRegistry,
    resource: Resource[M],
    cache: Cache[M],
    invalid: Invalid,
) -> None:
    @kopf.on.event(GROUP, VERSION, resource.plural, registry=registry)
    async def seen(event: kopf.RawEvent, **_: object) -> None:
        body = event["object"]
        if event["type"] == "DELETED":
            gone = StoredObject.model_validate(body)
            cache.forget(Key.of(gone), version=gone.metadata.resource_version)
            return
        try:
            stored = resource.model.model_validate(body)
        except ValidationError as error:
            await invalid.refuse(resource, body, error)
        else:
            cache.see(stored)
