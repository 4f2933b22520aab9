"""Reconciles Agents: decides whether there is anything to keep in step, and what an early end says."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from agents_crds.v1alpha1 import Agent, AgentSpec, ConditionType, ModelProvider, Reason
from agents_crds.v1alpha1.agent import RemoteRef
from agents_operator.agents.definition import (
    DesiredAgent,
    Parts,
    desired_agent,
    require_sound_output_schema,
)
from agents_operator.agents.deletion import FINALIZER, AgentDeletion
from agents_operator.agents.external import ExternalSync, is_in_sight, require_nothing_to_send
from agents_operator.agents.instructions import Prompt, PromptReader
from agents_operator.agents.leave import Leaving
from agents_operator.agents.local import LocalSync
from agents_operator.agents.orphans import Orphans
from agents_operator.agents.plan import Here, is_in_step, place
from agents_operator.agents.record import Record
from agents_operator.agents.references import ResolvedRefs, not_ready, resolve_refs
from agents_operator.agents.retire import Retirement
from agents_operator.agents.standing import Shortfall, Standing, has_served
from agents_operator.agents.status import reached_conditions, suspended_status
from agents_operator.agents.sync import RemoteSync, Target
from agents_operator.agents.tools import require_distinct_tools
from agents_operator.engine.conditions import is_true
from agents_operator.engine.queue import jittered
from agents_operator.engine.settle import Settle, pause_after
from agents_operator.engine.world import Key, World
from agents_operator.errors import Stalled, Waiting
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.configmaps import ConfigMaps
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import AGENTS
from agents_operator.providers import ProviderAccess

HICCUPS = frozenset({Reason.PROVIDER_UNREACHABLE, Reason.PROVIDER_NOT_READY})
"""What does not stop an Agent that needs nothing sent."""

Wanted = DesiredAgent | RemoteRef
"""A remote agent of the Agent's own, or somebody else's."""


class AgentReconciler:
    """Reconciles Agents."""

    def __init__(
        self,
        world: World,
        settle: Settle[Agent],
        api: KubernetesApi,
        *,
        events: Events,
        configmaps: ConfigMaps,
        providers: ProviderAccess,
        prompts: PromptReader,
        installation: str,
        interval: timedelta,
        retry_interval: timedelta,
        deletion_timeout: timedelta,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._world, self._settle, self._api, self._providers = world, settle, api, providers
        self._installation, self._interval, self._retry_interval = installation, interval, retry_interval
        self._prompts, self._now, self._logger = prompts, now, logger
        self._record = Record(settle, events, now=now)
        orphans = Orphans(world, configmaps, events, installation=installation, logger=logger)
        retirement = Retirement(
            providers, installation=installation, retry_interval=retry_interval, logger=logger
        )
        leaving = Leaving(world, retirement, orphans, timeout=deletion_timeout, now=now, logger=logger)
        self._remote = RemoteSync(
            world,
            settle,
            events,
            self._record,
            leaving,
            retry_interval=retry_interval,
            now=now,
            logger=logger,
        )
        self._external = ExternalSync(world, self._record, leaving, retry_interval=retry_interval)
        self._local = LocalSync(world, self._record, leaving, retry_interval=retry_interval)
        self._deletion = AgentDeletion(
            world,
            api,
            providers,
            retirement,
            orphans,
            leaving=leaving,
            retry_interval=retry_interval,
            timeout=deletion_timeout,
            now=now,
        )

    async def reconcile(self, key: Key) -> timedelta | None:
        """Bring one Agent in step; return when to look again."""
        return await self._settle.run(key, self._sync)

    async def _sync(self, agent: Agent) -> timedelta | None:
        if agent.metadata.deletion_timestamp is not None:
            await self._deletion.sync(agent)
            return None
        if agent.spec.suspend:
            await self._settle.write(agent, suspended_status(agent, now=self._now()))
            return None
        reached: list[ConditionType] = []
        try:
            require_sound(agent.spec)
            reached.append(ConditionType.ACCEPTED)
            refs = resolve_refs(agent, self._world, retry_interval=self._retry_interval)
            prompt = await self._prompts.read(agent)
            reached.append(ConditionType.RESOLVED_REFS)
            return await self._keep_in_step(agent, refs, prompt)
        except (Waiting, Stalled) as early:
            held = [type_ for type_ in reached if type_ is not early.condition]
            early.reached = reached_conditions(agent, held, now=self._now())
            raise

    async def _keep_in_step(self, agent: Agent, refs: ResolvedRefs, prompt: Prompt) -> timedelta:
        handoffs, shortfalls = refs.handoffs, (*refs.shortfalls, *prompt.shortfalls)
        standing = Standing(prompt.stored, handoffs.linked, handoffs.unlinked, shortfalls)
        if agent.spec.session == "Local":
            await self._local.settle(agent, refs, standing)
            return jittered(self._interval)
        wanted = self._wanted(agent, refs, prompt)
        try:
            await self._bring_in_step(agent, wanted, refs, standing)
        except (Waiting, Stalled) as early:
            current = self._latest(agent)
            kept = kept_standing(current, early, wanted, refs.provider, standing)
            if kept is None:
                raise
            await self._stay_ready(current, early, kept)
            return pause_after(early)
        return jittered(self._interval)

    def _wanted(self, agent: Agent, refs: ResolvedRefs, prompt: Prompt) -> Wanted:
        match agent.spec:
            case AgentSpec(remote=RemoteRef() as theirs):
                return theirs
            case AgentSpec(model=str(model)):
                parts = Parts(model, prompt.text, refs.tools, refs.handoffs.linked)
                return desired_agent(agent, parts, installation=self._installation)
            case _:
                raise ValueError("an Agent has one of model and remote")

    async def _bring_in_step(
        self, agent: Agent, wanted: Wanted, refs: ResolvedRefs, standing: Standing
    ) -> None:
        if not refs.provider_answers:
            raise not_ready(refs.provider, after=self._retry_interval)
        mistral = await self._providers.open(refs.provider)
        match wanted:
            case DesiredAgent():
                held = await self._hold(agent)
                await self._remote.bring_in_step(held, Target(wanted, refs.provider, mistral, standing))
            case RemoteRef(id=agent_id):
                await self._external.look(agent, agent_id, refs.provider, mistral, standing)

    async def _hold(self, agent: Agent) -> Agent:
        """Set the finalizer, so that nothing is made that a deletion would not remove."""
        if FINALIZER in agent.metadata.finalizers:
            return agent
        held = await self._api.write_finalizers(AGENTS, agent, (*agent.metadata.finalizers, FINALIZER))
        self._world.agents.see(held)
        return held

    async def _stay_ready(self, agent: Agent, early: Waiting | Stalled, standing: Standing) -> None:
        """Leave an Agent Ready that the provider keeps from nothing, or only from what is newer."""
        self._logger.warning("agent %s stays Ready: %s", Key.of(agent), early.message)
        if agent.status.remote is not None:
            await self._record.synced(agent, agent.status.remote, standing)

    def _latest(self, agent: Agent) -> Agent:
        return self._world.agents.get(Key.of(agent)) or agent


def require_sound(spec: AgentSpec) -> None:
    """Raise Stalled, about Accepted, when a spec makes no sense in itself."""
    require_distinct_tools(spec)
    require_sound_output_schema(spec)
    require_nothing_to_send(spec)


def kept_standing(
    agent: Agent, early: Waiting | Stalled, wanted: Wanted, provider: ModelProvider, standing: Standing
) -> Standing | None:
    """Say how an Agent stands that goes on with the remote agent on record; None when it does not.

    What its spec refers to may have changed since that was sent. The spec itself may not: who edits it is
    told by Ready whether that was taken. A provider that is away makes no Agent Ready that was not.
    """
    if early.reason in HICCUPS and needs_nothing(agent, wanted, provider):
        return standing
    answered = early.reason is Reason.PROVIDER_REJECTED
    silent = early.reason in HICCUPS and is_true(agent.status.conditions, ConditionType.READY)
    if isinstance(wanted, RemoteRef) or not (answered or silent) or not has_served(agent):
        return None
    match place(agent.status.remote, provider):
        case Here(recorded, agent_id) if recorded.hash != wanted.hash and not recorded.create_pending:
            outdated = Shortfall(
                early.reason,
                f"remote agent {agent_id} stays at version {recorded.version}, though something that the "
                f"spec refers to has changed: {early.message}",
            )
            known = agent.status.instructions
            return replace(standing, instructions=known, shortfalls=(outdated, *standing.shortfalls))
        case _:
            return None


def needs_nothing(agent: Agent, wanted: Wanted, provider: ModelProvider) -> bool:
    """Tell whether, as far as is known, nothing needs to be sent and the Agent is Ready."""
    match wanted:
        case DesiredAgent():
            return is_in_step(agent, wanted, provider)
        case RemoteRef(id=agent_id):
            return is_in_sight(agent, agent_id, provider)
