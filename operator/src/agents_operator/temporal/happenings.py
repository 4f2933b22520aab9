"""What happens in a run, one value for each thing; as JSON, a line of what `follow --json` prints."""

from datetime import datetime
from typing import Literal

from agents_crds.contract.payload import Payload


class _Happening(Payload):
    """Something that happened."""

    at: datetime
    turn: int
    """Model calls that were answered before it, its own among them."""


class Began(_Happening):
    """The run was started."""

    type: Literal["began"] = "began"
    agent: str
    text: str
    """What the agent is asked."""


class Said(_Happening):
    """An agent wrote something."""

    type: Literal["said"] = "said"
    agent: str
    text: str


class Called(_Happening):
    """A model called a tool of ours."""

    type: Literal["called"] = "called"
    agent: str
    tool: str
    arguments: str


class Brought(_Happening):
    """A call has ended."""

    type: Literal["result"] = "result"
    tool: str
    text: str
    """What the model is told; of a call that failed around its tool, why."""
    failed: bool = False


class Ran(_Happening):
    """The provider ran a tool itself."""

    type: Literal["ran"] = "ran"
    agent: str
    tool: str
    arguments: str


class HandedOff(_Happening):
    """An agent gave the conversation to another one."""

    type: Literal["handoff"] = "handoff"
    agent: str
    to: str


class Waits(_Happening):
    """The run waits, and nothing is in flight."""

    type: Literal["waits"] = "waits"
    text: str
    """What for."""
    until: datetime
    """When it goes on at the latest."""


class Heard(_Happening):
    """A person said something to the run."""

    type: Literal["heard"] = "heard"
    id: str
    text: str


class Told(_Happening):
    """The model is told what a person said."""

    type: Literal["told"] = "told"
    id: str


class Shutdown(_Happening):
    """Somebody wants the run to end."""

    type: Literal["shutdown"] = "shutdown"
    how: Literal["Stop", "Cancel"]


class Trouble(_Happening):
    """Something went wrong that is dealt with."""

    type: Literal["trouble"] = "trouble"
    text: str


class Ended(_Happening):
    """The run is over."""

    type: Literal["ended"] = "ended"
    reason: str
    message: str
    tokens: int
    seconds: float


Happening = (
    Began | Said | Called | Brought | Ran | HandedOff | Waits | Heard | Told | Shutdown | Trouble | Ended
)
