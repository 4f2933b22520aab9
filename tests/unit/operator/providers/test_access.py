"""How long a key is remembered after its provider went."""

import httpx2
import pytest

from agents_crds.v1alpha1 import Agent
from agents_operator.engine.world import Key, World
from agents_operator.errors import Waiting
from agents_operator.kubernetes.resources import MODEL_PROVIDERS
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.mistral import MistralConnections
from agents_operator.providers import ProviderAccess
from tests.unit.operator.bench import RETRY, Bench
from tests.unit.operator.namespace import Manifest


async def used_and_gone(bench: Bench, http: httpx2.AsyncClient) -> tuple[World, ProviderAccess, Agent]:
    """Use a provider that an Agent refers to, and delete it."""
    world = World()
    access = ProviderAccess(world, Secrets(bench.api), MistralConnections(http), retry_interval=RETRY)
    agent = await bench.add_agent()
    world.agents.see(agent)
    provider = await bench.stored(MODEL_PROVIDERS, "default")
    world.providers.see(provider)
    await access.open(provider)
    world.providers.forget(Key.of(provider))
    return world, access, agent


async def test_key_serves_while_an_agent_refers_to_its_provider(
    bench: Bench, http: httpx2.AsyncClient
) -> None:
    _, access, _ = await used_and_gone(bench, http)
    access.forget_unused()
    opened = await access.open_to_remove(bench.namespace, "default")
    assert opened.provider.metadata.name == "default"


async def test_key_is_forgotten_with_the_last_agent_that_refers_to_its_provider(
    bench: Bench, http: httpx2.AsyncClient
) -> None:
    _, access, agent = await used_and_gone(bench, http)
    access.forget_unused(apart_from=agent)
    with pytest.raises(Waiting, match="there is no ModelProvider default"):
        await access.open_to_remove(bench.namespace, "default")


async def test_key_is_forgotten_when_its_agents_have_gone(bench: Bench, http: httpx2.AsyncClient) -> None:
    world, access, agent = await used_and_gone(bench, http)
    world.agents.forget(Key.of(agent))
    access.forget_unused()
    with pytest.raises(Waiting, match="there is no ModelProvider default"):
        await access.open_to_remove(bench.namespace, "default")


async def test_server_of_chat_completions_has_no_remote_agents_to_open(
    bench: Bench, http: httpx2.AsyncClient
) -> None:
    access = ProviderAccess(World(), Secrets(bench.api), MistralConnections(http), retry_interval=RETRY)
    spec: Manifest = {"protocol": "ChatCompletions", "url": "http://own:8000/v1"}
    provider = await bench.create(MODEL_PROVIDERS, "own", spec)
    with pytest.raises(Waiting, match="ModelProvider own speaks ChatCompletions only"):
        await access.open(provider)
