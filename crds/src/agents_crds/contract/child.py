"""How a workflow of a user's own runs an Agent: by the operator's word, and as a child."""

from datetime import timedelta

from agents_crds.contract.payload import Payload
from agents_crds.contract.run import LoopInput, LoopState


class AgentRequest(Payload):
    """Asks for an Agent to be run by a workflow of the user's own: the argument of RESOLVE_AGENT_ACTIVITY."""

    namespace: str
    name: str
    input: str
    uid: str
    """Unique to this call, and the same however often it is made."""
    max_turns: int | None = None
    timeout: timedelta | None = None
    max_total_tokens: int | None = None
    """As limits of an AgentRun: they only lower those of the Agent."""
    traceparent: str = ""
    """The caller's place in a trace, as W3C writes it."""
    begins_trace: bool = False
    """Whether nobody is told of that place itself, nor has decided whether what is below it is told."""


class ResolvedAgent(Payload):
    """How an Agent is run as it is now: the loop, and the queue of the workers that run it."""

    queue: str
    loop: LoopInput


class ChildLoop(Payload):
    """Input of the AgentLoop workflow, whose result is a LoopResult."""

    loop: LoopInput
    state: LoopState | None = None
    """Set after a continue-as-new."""
    caller: str = ""
    """The place in a trace below which the loop is told; empty where it is the first of its trace."""
