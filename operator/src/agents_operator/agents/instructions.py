"""The system prompt: the spec's own, or what its source says, or what that said when it was there last."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents_crds.contract.mcp import McpFailure, McpText
from agents_crds.v1alpha1 import Agent, ConditionType, Reason
from agents_crds.v1alpha1.fields import utc
from agents_crds.v1alpha1.instructions import (
    INSTRUCTIONS_LIMIT,
    Instructions,
    InstructionsSource,
    McpPromptRef,
)
from agents_operator.agents.prompts import Prompts, Question
from agents_operator.agents.servers import not_found, not_ready
from agents_operator.agents.sources import ConfigMapTexts
from agents_operator.agents.standing import Shortfall
from agents_operator.engine.world import World
from agents_operator.errors import Waiting
from agents_operator.kubernetes.configmaps import TextNotFoundError
from agents_operator.shown import printable

HASH_LENGTH = 32


@dataclass(frozen=True)
class Found:
    """The text that a source has now."""

    text: str


@dataclass(frozen=True)
class Asked:
    """The source has been asked, and has not answered yet."""


Read = Found | Asked | Shortfall


@dataclass(frozen=True)
class Prompt:
    """The system prompt to use."""

    text: str | None
    stored: Instructions | None = None
    """What to remember of it; None for one that the spec has itself."""
    shortfalls: tuple[Shortfall, ...] = ()


class PromptReader:
    """Reads the system prompts of Agents."""

    def __init__(
        self,
        world: World,
        texts: ConfigMapTexts,
        prompts: Prompts,
        *,
        retry_interval: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._world = world
        self._texts = texts
        self._prompts = prompts
        self._retry_interval = retry_interval
        self._now = now

    async def read(self, agent: Agent) -> Prompt:
        """Return the system prompt; raise Waiting, about ResolvedRefs, while there is none."""
        source = agent.spec.instructions_from
        if source is None:
            return Prompt(agent.spec.instructions)
        found = await self._find(agent, source)
        return prompt(agent, source, found, retry_interval=self._retry_interval, now=self._now())

    async def _find(self, agent: Agent, source: InstructionsSource) -> Read:
        match source:
            case InstructionsSource(config_map_key_ref=None, mcp_prompt=McpPromptRef() as wanted):
                return self._ask(agent, wanted, source)
            case InstructionsSource(config_map_key_ref=ref) if ref is not None:
                try:
                    text = await self._texts.read(agent, ref)
                except TextNotFoundError as error:
                    return Shortfall(Reason.CONFIG_MAP_NOT_FOUND, str(error))
                return usable(text, f"key {ref.key} of ConfigMap {ref.name}", Reason.CONFIG_MAP_NOT_FOUND)
            case _:
                raise ValueError("instructionsFrom has one of configMapKeyRef and mcpPrompt")

    def _ask(self, agent: Agent, wanted: McpPromptRef, source: InstructionsSource) -> Read:
        """Take the answer of a server, which is asked in the background."""
        namespace, name = agent.metadata.namespace, wanted.server_ref.name
        server = self._world.mcp_servers.named(namespace, name)
        if server is None:
            return not_found(namespace, name, "spec.instructionsFrom.mcpPrompt")
        if silent := not_ready(server):
            return silent
        pool = self._world.pools.named(namespace, server.spec.worker_pool_ref.name)
        last = last_read(agent, source)
        if pool is not None and pool.is_asleep and last is not None:
            # Nobody is there to ask, as intended, and the last list of tools holds as well.
            return Found(last.text)
        match self._prompts.answer(Question.of(namespace, wanted), server):
            case None:
                return Asked()
            case McpText(text=text):
                return usable(text, f"prompt {wanted.name} of MCPServer {name}", Reason.PROMPT_NOT_FOUND)
            case McpFailure(reason=reason, message=message):
                return Shortfall(reason, f"MCPServer {name} does not give prompt {wanted.name}: {message}")


def prompt(
    agent: Agent, source: InstructionsSource, read: Read, *, retry_interval: timedelta, now: datetime
) -> Prompt:
    """Choose between what a source says and what it said last; raise Waiting when there is neither."""
    last = last_read(agent, source)
    match read:
        case Found(found):
            text = printable(found)
            if last is not None and last.text == text:
                return Prompt(text, last)
            return Prompt(text, Instructions(text=text, source=source_hash(source), changed=utc(now)))
        case Asked() if last is not None:
            return Prompt(last.text, last)
        case Asked():
            raise Waiting(
                Reason.PROGRESSING,
                "spec.instructionsFrom.mcpPrompt: the MCPServer is being asked for it",
                after=retry_interval,
                condition=ConditionType.RESOLVED_REFS,
                expected=True,
            )
        case Shortfall(reason, message) if last is not None:
            kept = "the instructions are as they were read last"
            return Prompt(last.text, last, (Shortfall(reason, f"{message}; {kept}"),))
        case Shortfall(reason, message):
            raise Waiting(
                reason,
                f"spec.instructionsFrom: {message}",
                after=retry_interval,
                condition=ConditionType.RESOLVED_REFS,
            )


def last_read(agent: Agent, source: InstructionsSource) -> Instructions | None:
    """Return what was read last from this very source."""
    stored = agent.status.instructions
    return stored if stored is not None and stored.source == source_hash(source) else None


def source_hash(source: InstructionsSource) -> str:
    """Tell one source from another."""
    return hashlib.sha256(json.dumps(source.manifest(), sort_keys=True).encode()).hexdigest()[:HASH_LENGTH]


def usable(text: str, where: str, reason: Reason) -> Found | Shortfall:
    """Take a text if it can be a system prompt."""
    if not text.strip():
        return Shortfall(reason, f"{where} is empty")
    if len(text) > INSTRUCTIONS_LIMIT:
        return Shortfall(
            reason,
            f"{where} has {len(text)} characters, and instructions may have {INSTRUCTIONS_LIMIT}: shorten it",
        )
    return Found(text)
