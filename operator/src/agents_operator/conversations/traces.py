"""What AgentRuns tell of conversations, whatever else another release may have stored in them."""

from dataclasses import dataclass

from agents_crds.contract.names import UID_KEY
from agents_crds.v1alpha1 import StoredObject
from agents_crds.v1alpha1.meta import Status
from agents_operator.kubernetes.resources import AGENT_RUNS, Resource
from agents_operator.mistral import Conversation


class TraceStatus(Status):
    """The status of an AgentRun, as far as it tells of a conversation."""

    conversation_id: str | None = None
    """The conversation on Mistral's side."""


class RunTrace(StoredObject):
    """An AgentRun, as far as it tells of a conversation."""

    status: TraceStatus = TraceStatus()
    """What the operator observed."""


RUN_TRACES = Resource(RunTrace, AGENT_RUNS.plural, AGENT_RUNS.kind)


@dataclass(frozen=True)
class Traces:
    """The AgentRuns of a namespace, and the conversations that they took part in."""

    uids: frozenset[str]
    conversations: frozenset[str]

    def lead_to(self, conversation: Conversation) -> bool:
        """Tell whether one of these runs made a conversation, or took part in it."""
        return conversation.id in self.conversations or conversation.metadata.get(UID_KEY) in self.uids
