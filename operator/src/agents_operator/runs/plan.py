"""What is to be done about an AgentRun; pure."""

from dataclasses import dataclass

from agents_crds.contract import CONTRACT
from agents_crds.contract.names import (
    INSTALLATION_KEY,
    NAME_KEY,
    NAMESPACE_KEY,
    UID_KEY,
    RunIdentity,
    operator_queue,
    pool_queue,
    provider_queue,
    secret_path,
)
from agents_crds.contract.run import (
    AgentSnapshot,
    Limits,
    LoopInput,
    ProviderSnapshot,
    RunInput,
    RunMemo,
    ToolRoute,
)
from agents_crds.v1alpha1 import Agent, AgentRun, ConditionType, ModelProvider, Reason, WorkerPool
from agents_crds.v1alpha1.agentrun import RunLimits
from agents_operator.engine.conditions import find
from agents_operator.engine.settle import AFTER_STALL
from agents_operator.errors import Waiting
from agents_operator.pools.contract import lacking


@dataclass(frozen=True)
class References:
    """What the run's Agent is made of; None where there is no such object."""

    agent: Agent | None
    provider: ModelProvider | None
    pool: WorkerPool | None


@dataclass(frozen=True)
class Keep:
    """Nothing: the run was started, or has ended."""


@dataclass(frozen=True)
class Cancel:
    """Stop the workflow: the run is being deleted."""


@dataclass(frozen=True)
class Start:
    """Start the workflow, and record that it was started."""

    identity: RunIdentity
    queue: str
    run_input: RunInput
    memo: RunMemo


def plan_run(run: AgentRun, references: References, *, installation: str) -> Keep | Cancel | Start:
    """Choose what brings the run forward; raise Waiting while something that it needs is missing."""
    if run.status.finished:
        return Keep()
    if run.metadata.deletion_timestamp is not None:
        return Cancel()
    if run.status.workflow_id is not None:
        # A recorded start is never started again, whatever became of it.
        return Keep()
    return _start(run, references, installation)


def _start(run: AgentRun, references: References, installation: str) -> Start:
    agent = require_ready_agent(run, references.agent)
    provider, pool, remote = references.provider, references.pool, agent.status.remote
    if provider is None or pool is None or remote is None or remote.id is None or remote.version is None:
        raise _waiting(Reason.AGENT_NOT_READY, f"Agent {agent.metadata.name} is being reconciled")
    lack = lacking(agent.spec, run.spec.limits, pool)
    if lack is not None:
        raise _waiting(Reason.WORKER_TOO_OLD, lack, expected=False)
    namespace = run.metadata.namespace
    identity = RunIdentity(installation, namespace, run.metadata.uid)
    queue = pool_queue(installation, namespace, pool.metadata.name)
    key = provider.spec.api_key_secret_ref
    return Start(
        identity=identity,
        queue=queue,
        run_input=RunInput(
            contract=CONTRACT,
            operator_queue=operator_queue(installation),
            loop=LoopInput(
                agent=AgentSnapshot(
                    name=agent.metadata.name,
                    remote_id=remote.id,
                    remote_version=remote.version,
                    provider=ProviderSnapshot(
                        name=provider.metadata.name,
                        url=provider.spec.url,
                        key_path=secret_path(key.name, key.key),
                        queue=provider_queue(installation, namespace, provider.metadata.name),
                    ),
                    tools=tool_routes(agent, pool, queue),
                    output_schema=agent.spec.output_schema,
                ),
                input=run.spec.input,
                limits=effective_limits(agent, run.spec.limits),
                conversation_metadata={
                    INSTALLATION_KEY: installation,
                    NAMESPACE_KEY: namespace,
                    NAME_KEY: run.metadata.name,
                    UID_KEY: run.metadata.uid,
                },
            ),
        ),
        memo=RunMemo(
            namespace=namespace,
            name=run.metadata.name,
            uid=run.metadata.uid,
            agent_id=remote.id,
            agent_version=remote.version,
        ),
    )


def require_ready_agent(run: AgentRun, agent: Agent | None) -> Agent:
    """Return the Agent if a run of it may start; raise Waiting with the reason if not."""
    name = run.spec.agent_ref.name
    if agent is None:
        raise _waiting(
            Reason.AGENT_NOT_FOUND,
            f"there is no Agent {name} in namespace {run.metadata.namespace}; the run starts when it appears",
            expected=False,
        )
    if agent.metadata.deletion_timestamp is not None:
        raise _waiting(Reason.AGENT_NOT_READY, f"Agent {name} is being deleted")
    if agent.spec.suspend:
        raise _waiting(Reason.AGENT_SUSPENDED, f"Agent {name} is suspended; set spec.suspend to false")
    ready = find(agent.status.conditions, ConditionType.READY)
    if ready is None or (agent.status.observed_generation or 0) < agent.metadata.generation:
        raise _waiting(Reason.AGENT_NOT_READY, f"Agent {name} is being reconciled")
    if ready.status != "True":
        raise _waiting(Reason.AGENT_NOT_READY, f"Agent {name} is not Ready: {ready.reason}: {ready.message}")
    return agent


def tool_routes(agent: Agent, pool: WorkerPool, queue: str) -> tuple[ToolRoute, ...]:
    """Say how each of the agent's tools is called."""
    wanted = {tool.function.name for tool in agent.spec.tools}
    return tuple(
        ToolRoute(
            name=tool.name,
            queue=queue,
            idempotent=tool.idempotent,
            timeout=tool.timeout,
            polling=tool.polling,
        )
        for tool in pool.status.tools
        if tool.name in wanted
    )


def effective_limits(agent: Agent, own: RunLimits | None) -> Limits:
    """Combine the Agent's limits with the run's own, which can only lower them."""
    both = (agent.spec.limits, own or RunLimits())
    budgets = [limits.max_total_tokens for limits in both if limits.max_total_tokens is not None]
    return Limits(
        max_turns=min(limits.max_turns for limits in both if limits.max_turns is not None),
        timeout=min(limits.timeout for limits in both if limits.timeout is not None),
        max_total_tokens=min(budgets, default=None),
        output_retries=min(limits.output_retries for limits in both if limits.output_retries is not None),
    )


def _waiting(reason: Reason, message: str, *, expected: bool = True) -> Waiting:
    """Wait for the Agent: its change wakes the run, so the time to look again hardly matters."""
    return Waiting(reason, message, after=AFTER_STALL, condition=ConditionType.SUCCEEDED, expected=expected)
