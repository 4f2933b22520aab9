"""How a run goes on where another one ended, and what people say to it while it goes."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from agents_crds.v1alpha1.base import ApiModel, Transition
from agents_crds.v1alpha1.fields import AgentName, Flag
from agents_crds.v1alpha1.limits import USER_INPUT_ID_LIMIT, USER_INPUT_TEXT_LIMIT
from agents_crds.v1alpha1.text import Format

InputKey = Annotated[
    str,
    Field(min_length=1, max_length=USER_INPUT_ID_LIMIT),
    Format(r"^[A-Za-z0-9._-]+$", "must be letters, digits, `.`, `_` and `-`"),
]


class ConversationPolicy(ApiModel):
    """What becomes of the conversations at the provider."""

    retention: Literal["Delete", "Retain"] = "Delete"
    """Whether a conversation at the provider is deleted once no AgentRun that took part in it is left."""


class AgentRunRef(ApiModel):
    """Names an AgentRun in the same namespace."""

    name: AgentName
    """Name of the AgentRun."""


class ContinueFrom(ApiModel):
    """The run whose conversation this one goes on with."""

    agent_run_ref: AgentRunRef
    """A finished AgentRun of the same Agent."""

    fork: Flag = False
    """Whether to branch off, and leave the original conversation as it is."""


class UserInput(ApiModel):
    """Something that a person says to the agent while the run goes."""

    id: InputKey
    """Its idempotency key: whatever is said twice under one is told once."""

    text: Annotated[str, Field(min_length=1, max_length=USER_INPUT_TEXT_LIMIT)]
    """The message."""

    transitions: ClassVar = (
        Transition(
            cel="self.text == oldSelf.text",
            message="what was said is frozen: say more under another id",
            path=".text",
        ),
    )


class ToldInput(ApiModel):
    """What became of something that a person said."""

    id: InputKey
    """Its id in `spec.userInputs`."""

    state: Literal["Sent", "Told", "Refused"]
    """Sent to the run; Told to the agent; or Refused, as the run ended before."""
