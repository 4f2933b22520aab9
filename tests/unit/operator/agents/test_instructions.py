"""The system prompt, where it comes from, and what happens while that is not there."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from agents_crds.v1alpha1 import Agent, AgentStatus, MCPServer, Reason
from agents_crds.v1alpha1.instructions import INSTRUCTIONS_LIMIT, Instructions, InstructionsSource
from agents_operator.agents.instructions import (
    Asked,
    Found,
    Prompt,
    PromptReader,
    prompt,
    source_hash,
    usable,
)
from agents_operator.agents.sources import ConfigMapTexts
from agents_operator.agents.standing import Shortfall
from agents_operator.engine.world import Key
from agents_operator.errors import Waiting
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.configmaps import ConfigMapReader
from tests.unit.operator.agents.asking import GUIDE, LISTED_LATER, RETRY, WORKERS, Asking
from tests.unit.operator.kubernetes.scripted import ScriptedServer
from tests.unit.operator.objects import NOW, Manifest, agent, condition, mcp_server, pool

FROM_MAP: Manifest = {"configMapKeyRef": {"name": "prompts", "key": "support"}}
SOURCE = InstructionsSource.model_validate(FROM_MAP)
GONE = Shortfall(Reason.CONFIG_MAP_NOT_FOUND, "there is no ConfigMap prompts")
EARLIER = NOW - timedelta(days=1)


def remembering(text: str, source: InstructionsSource = SOURCE) -> Agent:
    """Give an Agent that has read this text from this source before."""
    known = Instructions(text=text, source=source_hash(source), changed=EARLIER)
    status = AgentStatus(instructions=known)
    return agent(spec={"instructionsFrom": FROM_MAP}).model_copy(update={"status": status})


def chosen(stored: Agent, read: Found | Asked | Shortfall) -> Prompt:
    return prompt(stored, SOURCE, read, retry_interval=RETRY, now=NOW)


def test_new_text_is_remembered_with_its_time() -> None:
    found = chosen(agent(), Found("Be kind."))
    assert found.text == "Be kind."
    assert found.stored == Instructions(
        text="Be kind.", source=source_hash(SOURCE), changed=NOW.replace(microsecond=0)
    )
    assert found.shortfalls == ()


def test_text_that_is_still_the_same_keeps_its_time() -> None:
    stored = remembering("Be kind.")
    assert chosen(stored, Found("Be kind.")).stored == stored.status.instructions
    changed = chosen(stored, Found("Be brief.")).stored
    assert changed is not None
    assert changed.changed > EARLIER


def test_text_of_the_same_source_serves_while_that_is_gone() -> None:
    kept = chosen(remembering("Be kind."), GONE)
    assert kept.text == "Be kind."
    (shortfall,) = kept.shortfalls
    assert shortfall.reason is Reason.CONFIG_MAP_NOT_FOUND
    assert "the instructions are as they were read last" in shortfall.message


def test_text_of_another_source_serves_nobody() -> None:
    other = InstructionsSource.model_validate({"configMapKeyRef": {"name": "prompts", "key": "other"}})
    for stored in (agent(), remembering("Be kind.", other)):
        with pytest.raises(Waiting, match=r"spec\.instructionsFrom: there is no ConfigMap") as raised:
            chosen(stored, GONE)
        assert (raised.value.reason, raised.value.condition) == (GONE.reason, "ResolvedRefs")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" \n", "it is empty"),
        ("x" * (INSTRUCTIONS_LIMIT + 1), f"it has {INSTRUCTIONS_LIMIT + 1} characters.*shorten it"),
    ],
    ids=["blank", "too long"],
)
def test_text_that_cannot_be_instructions_says_why(text: str, words: str) -> None:
    shortfall = usable(text, "it", Reason.CONFIG_MAP_NOT_FOUND)
    assert isinstance(shortfall, Shortfall)
    with pytest.raises(Waiting, match=words):
        chosen(agent(), shortfall)
    assert usable("x" * INSTRUCTIONS_LIMIT, "it", Reason.CONFIG_MAP_NOT_FOUND) == Found(
        "x" * INSTRUCTIONS_LIMIT
    )


@pytest.fixture
async def api() -> AsyncIterator[KubernetesApi]:
    """An API server that nothing is asked of."""
    async with ScriptedServer() as server:
        yield server.api
        assert server.asked == []


async def read(asking: Asking, stored: Agent, api: KubernetesApi) -> str | None:
    texts = ConfigMapTexts(asking.world, ConfigMapReader(api), lambda key: asking.woken.append(key.name))
    reader = PromptReader(asking.world, texts, asking.prompts, retry_interval=RETRY, now=asking.now)
    return (await reader.read(stored)).text


async def test_prompt_is_waited_for_while_the_server_is_being_asked(api: KubernetesApi) -> None:
    asking, stored = Asking(), agent("prompted", GUIDE)
    with pytest.raises(Waiting) as raised:
        await read(asking, stored, api)
    assert (raised.value.reason, raised.value.expected) == (Reason.PROGRESSING, True)
    await asking.ask()
    assert await read(asking, stored, api) == "Be kind."


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (None, Reason.MCP_SERVER_NOT_FOUND),
        (
            mcp_server(
                status={"conditions": [condition("Ready", "False", "ServerTimedOut")]}, resourceVersion="2"
            ),
            Reason.MCP_SERVER_NOT_READY,
        ),
    ],
    ids=["gone", "down"],
)
async def test_server_that_cannot_answer_is_not_asked(
    server: MCPServer | None, reason: Reason, api: KubernetesApi
) -> None:
    asking = Asking()
    if server is None:
        asking.world.mcp_servers.forget(Key.of(mcp_server()))
    else:
        asking.see(server)
    with pytest.raises(Waiting, match=r"spec\.instructionsFrom: ") as raised:
        await read(asking, agent("prompted", GUIDE), api)
    assert raised.value.reason is reason
    assert len(asking.prompts.queue) == 0


async def test_last_text_holds_while_the_pool_stands_at_zero(api: KubernetesApi) -> None:
    asking = Asking()
    await asking.ask()
    asking.world.pools.see(pool(status=WORKERS, replicas=0, resourceVersion="2"))
    asking.see(mcp_server(status=LISTED_LATER, resourceVersion="2"))
    prompted = agent("prompted", GUIDE)
    assert prompted.spec.instructions_from is not None
    known = remembering("Be kind.", prompted.spec.instructions_from).status
    assert await read(asking, prompted.model_copy(update={"status": known}), api) == "Be kind."
    assert len(asking.prompts.queue) == 0
