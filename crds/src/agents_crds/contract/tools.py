"""What a worker tells about its tools."""

from datetime import timedelta

from agents_crds.contract.payload import Payload
from agents_crds.v1alpha1.fields import JsonSchema


class OfferedTool(Payload):
    """A Python function that a worker offers to agents."""

    name: str
    description: str
    parameters: JsonSchema
    idempotent: bool
    timeout: timedelta
    polling: bool = False


class ToolCatalogue(Payload):
    """Everything that a worker of one build offers, and the contract it speaks."""

    contract: int
    tools: tuple[OfferedTool, ...]
