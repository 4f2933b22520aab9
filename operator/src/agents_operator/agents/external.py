"""Somebody else's agent, named by `spec.remote`: it is looked at, and never changed."""

from datetime import timedelta

from agents_crds.v1alpha1 import Agent, AgentSpec, ConditionType, ModelProvider, Reason, RemoteAgent
from agents_crds.v1alpha1.agent import Completion
from agents_operator.agents.deletion import require_idle
from agents_operator.agents.leave import Leaving
from agents_operator.agents.record import Record
from agents_operator.agents.standing import Standing
from agents_operator.engine.conditions import is_true
from agents_operator.engine.world import World
from agents_operator.errors import Stalled
from agents_operator.mistral import MistralAgents
from agents_operator.providers.explain import explained


def require_nothing_to_send(spec: AgentSpec) -> None:
    """Raise Stalled when a spec names somebody else's agent, and sets what would have to be sent to it."""
    if spec.remote is None:
        return
    sent = {
        "spec.description": spec.description is not None,
        "spec.instructions": spec.instructions is not None,
        "spec.instructionsFrom": spec.instructions_from is not None,
        "spec.handoffs": bool(spec.handoffs),
        "spec.completion": spec.completion != Completion(),
        **{
            f"spec.tools[{index}]": tool.function is None and tool.mcp is None
            for index, tool in enumerate(spec.tools)
        },
    }
    for field, is_set in sent.items():
        if is_set:
            raise Stalled(
                Reason.REMOTE_AGENT_FIXED,
                f"spec.remote names an agent that is used as it is: remove {field}, or set it in that agent",
                condition=ConditionType.ACCEPTED,
            )


def is_in_sight(agent: Agent, agent_id: str, provider: ModelProvider) -> bool:
    """Tell whether, as far as is known, the agent of `spec.remote` is there and the Agent is Ready."""
    recorded = agent.status.remote
    return (
        recorded is not None
        and bool(recorded.external)
        and (recorded.id, recorded.provider, recorded.url)
        == (agent_id, provider.metadata.name, provider.spec.url)
        and is_true(agent.status.conditions, ConditionType.READY)
    )


class ExternalSync:
    """Looks at other people's agents."""

    def __init__(self, world: World, record: Record, leaving: Leaving, *, retry_interval: timedelta) -> None:
        self._world = world
        self._record = record
        self._leaving = leaving
        self._retry_interval = retry_interval

    async def look(
        self,
        agent: Agent,
        agent_id: str,
        provider: ModelProvider,
        mistral: MistralAgents,
        standing: Standing,
    ) -> None:
        """Record what is there, and remove what the Agent had of its own; raise Waiting or Stalled if not."""
        own = agent.status.remote
        if own is not None and not own.external:
            require_idle(
                agent,
                self._world,
                Reason.PROGRESSING,
                "is removed",
                retry_interval=self._retry_interval,
            )
        with explained(provider, retry_interval=self._retry_interval):
            remote = await mistral.get(agent_id)
        if remote is None:
            raise Stalled(
                Reason.REMOTE_AGENT_NOT_FOUND,
                f"ModelProvider {provider.metadata.name} has no agent {agent_id}: correct spec.remote.id",
                condition=ConditionType.RESOLVED_REFS,
            )
        if own is not None and not own.external:
            await self._leaving.leave_own(agent, own, provider, keep=frozenset({remote.id}))
        seen = RemoteAgent(
            id=remote.id,
            version=remote.version,
            provider=provider.metadata.name,
            url=provider.spec.url,
            external=True,
        )
        await self._record.synced(agent, seen, standing)
