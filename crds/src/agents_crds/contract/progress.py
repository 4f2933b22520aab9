"""What a going run says of itself."""

from datetime import datetime
from typing import Literal

from agents_crds.contract.payload import Payload
from agents_crds.contract.run import Usage


class RunProgress(Payload):
    """What a run does, in the memo PROGRESS_MEMO of its workflow."""

    step: Literal["CallingModel", "CallingTools", "Waiting", "WaitingForInput"]
    agent: str
    turns: int
    usage: Usage
    until: datetime | None = None
    """When it goes on at the latest, where it waits."""
    message: str = ""
    """What it waits for, in a sentence; of WaitingForInput, the question."""
    told: tuple[str, ...] = ()
    """Ids of what people said that the model was told."""
