"""The `resolve_agent` activity: a workflow of a user's own asks how an Agent is run as it is now."""

from collections.abc import Callable
from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from agents_crds.contract import SECOND_CONTRACT
from agents_crds.contract.child import AgentRequest, ResolvedAgent
from agents_crds.contract.names import (
    NAME_KEY,
    RESOLVE_AGENT_ACTIVITY,
    UID_KEY,
    WORKFLOW_KEY,
    loop_workflow_id,
)
from agents_crds.telemetry.context import TraceContext
from agents_crds.v1alpha1 import AgentRun, AgentRunSpec, Reason
from agents_crds.v1alpha1.agentrun import RunLimits
from agents_crds.v1alpha1.fields import AgentRef
from agents_crds.v1alpha1.meta import ObjectMeta
from agents_operator.engine.served import Served
from agents_operator.engine.world import World
from agents_operator.errors import Waiting
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.resources import AGENTS, is_name
from agents_operator.runs.input import Opening
from agents_operator.runs.plan import new_workflow
from agents_operator.runs.snapshot import take_snapshot, waiting
from agents_operator.temporal.places import ASK_ANOTHER, OWN, Place, titled
from agents_operator.tracing.runs import RunTraces

# What waiting does not change: its caller must ask for something else.
_FINAL = frozenset({Reason.SNAPSHOT_TOO_LARGE, Reason.INVALID_OBJECT})


class _ElsewhereError(Waiting):
    """The workers of an Agent are in another Temporal than who asks."""


class Resolve:
    """Serves the operator's task queue in one server, for what is to run there."""

    def __init__(
        self,
        world: World,
        api: KubernetesApi,
        served: Served,
        place: Place,
        traces: RunTraces,
        *,
        installation: str,
        state_attribute: bool,
        shared: Callable[[], bool] = lambda: False,
    ) -> None:
        """`shared` tells whether another worker of the operator's may hear what this one does."""
        self._shared = shared
        self._world = world
        self._api = api
        self._served = served
        self._place = place
        self._traces = traces
        self._state_attribute = state_attribute
        self._installation = installation

    @activity.defn(name=RESOLVE_AGENT_ACTIVITY)
    async def resolve(self, request: AgentRequest) -> ResolvedAgent:
        """Return the loop and where it runs; fail with a reason, for good where waiting cannot help."""
        _require_names(request)
        self._require_served(request.namespace)
        if not await self._is_there(request):
            raise _refused(
                Reason.AGENT_NOT_FOUND,
                f"there is no Agent {request.name} in namespace {request.namespace}: create it first",
            )
        try:
            found = resolved(
                request,
                self._world,
                self._place,
                installation=self._installation,
                state_attribute=self._state_attribute,
            )
        except _ElsewhereError as error:
            raise self._elsewhere(error.reason, error.message) from error
        except Waiting as error:
            raise _refused(error.reason, error.message, final=error.reason in _FINAL) from error
        parent = None if request.begins_trace else TraceContext.read(request.traceparent)
        traceparent = self._traces.decided(found.loop.traceparent, parent)
        return found.model_copy(update={"loop": found.loop.model_copy(update={"traceparent": traceparent})})

    def _require_served(self, namespace: str) -> None:
        if not self._place.may_speak_of(namespace):
            raise self._elsewhere(
                Reason.AGENT_NOT_FOUND,
                f"only Agents of namespace {self._place.namespace} can be run in {self._place.title}",
            )
        wanted = self._served.wanted
        if None not in wanted and namespace not in wanted:
            raise _refused(
                Reason.AGENT_NOT_FOUND,
                f"installation {self._installation} does not serve namespace {namespace}: add it to "
                "watchNamespaces, or name another",
            )

    def _elsewhere(self, reason: Reason, message: str) -> ApplicationError:
        """Refuse what only the worker of another place can tell: for good, unless it may be asked next."""
        return _refused(reason, message, final=not self._shared(), after=ASK_ANOTHER)

    async def _is_there(self, request: AgentRequest) -> bool:
        """Tell whether the Agent exists; an operator that has just started has seen nothing yet."""
        if self._world.agents.named(request.namespace, request.name) is not None:
            return True
        return await self._api.get(AGENTS, request.namespace, request.name) is not None


def _require_names(request: AgentRequest) -> None:
    """Let nobody make the operator ask the API server for anything but an Agent."""
    for name in (request.namespace, request.name):
        if not is_name(name):
            raise _refused(Reason.INVALID_OBJECT, f"{name[:80]!r} is no name in Kubernetes")


def _refused(
    reason: Reason, message: str, *, final: bool = True, after: timedelta | None = None
) -> ApplicationError:
    # It is the caller's to tell; in our log each attempt would be a traceback.
    return ApplicationError(
        message,
        type=reason,
        non_retryable=final,
        next_retry_delay=after,
        category=ApplicationErrorCategory.BENIGN,
    )


def resolved(
    request: AgentRequest,
    world: World,
    place: Place = OWN,
    *,
    installation: str,
    state_attribute: bool = False,
) -> ResolvedAgent:
    """Resolve an Agent as for a run of it in a place; raise Waiting while it cannot be run there."""
    if request.uid != loop_workflow_id(installation, request.namespace, request.uid.rpartition("/")[2]):
        # By it a conversation is found again: it must never be somebody else's.
        raise waiting(Reason.INVALID_OBJECT, f"{request.uid} is no id of a loop in {request.namespace}")
    run = _as_run(request)
    new = new_workflow(
        run,
        take_snapshot(run, world, installation=installation),
        Opening(text=request.input),
        installation=installation,
        state_attribute=state_attribute,
    )
    if new.connection != place.connection:
        raise _ElsewhereError(
            Reason.INVALID_OBJECT,
            f"the WorkerPool of Agent {request.name} works in {titled(new.connection)}, and the workflow "
            f"that asks is in {place.title}: start it there",
            after=ASK_ANOTHER,
        )
    if new.plain:
        raise waiting(
            Reason.WORKER_TOO_OLD,
            f"a loop as a child workflow needs workers of contract {SECOND_CONTRACT}, and those of the "
            f"WorkerPool of Agent {request.name} are older: rebuild its image on this release's worker",
        )
    loop = new.run_input.loop
    caller = TraceContext.read(request.traceparent)
    traceparent = loop.traceparent if caller is None else str(caller.child(request.uid, "loop"))
    own = {NAME_KEY: request.name, UID_KEY: request.uid, WORKFLOW_KEY: request.uid}
    return ResolvedAgent(
        queue=new.queue,
        loop=loop.model_copy(
            update={
                "run": None,
                "conversation_metadata": loop.conversation_metadata | own,
                "traceparent": traceparent,
            }
        ),
    )


def _as_run(request: AgentRequest) -> AgentRun:
    """Describe an AgentRun that would do the same; but for its start, the input is given apart."""
    try:
        limits = RunLimits(
            max_turns=request.max_turns, timeout=request.timeout, max_total_tokens=request.max_total_tokens
        )
        return AgentRun(
            metadata=ObjectMeta(name=request.name, namespace=request.namespace, uid=request.uid),
            spec=AgentRunSpec(agent_ref=AgentRef(name=request.name), input=request.input[:1], limits=limits),
        )
    except ValueError as error:
        raise waiting(Reason.INVALID_OBJECT, f"no such run is possible: {error}") from error
