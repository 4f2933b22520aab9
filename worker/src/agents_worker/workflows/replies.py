"""What the model is told of a call that brought no result of its tool."""

from collections.abc import Sequence

from agents_crds.contract.run import ToolRoute
from agents_crds.v1alpha1.fields import format_duration

DENIED = (
    "denied: the provider asked for a confirmation of this call, and approvals are not built yet. Let the "
    "tool need none at the provider, or take it from the agent"
)
"""For people alone: the provider itself tells the model that its call was denied."""


def not_given(tools: Sequence[str], name: str) -> str:
    """Tell the model that it has no such tool."""
    return f"There is no tool {name}. Your tools: {', '.join(tools) or 'none'}"


def one_too_many(name: str, most: int) -> str:
    """Tell the model that it asked for too much at once."""
    return f"{name} was not called: at most {most} calls are carried out at once. Make it again, among fewer"


def without_server(route: ToolRoute) -> str:
    """Tell the model that nobody knows where a tool's server is."""
    return f"{route.name} cannot be called: the run does not know its MCP server. Go on without it"


def too_slow(route: ToolRoute) -> str:
    """Tell the model that a tool took too long."""
    return f"{route.name} did not finish within {format_duration(route.timeout)} and was given up. {_DOUBT}"


def interrupted(route: ToolRoute) -> str:
    """Tell the model that a tool's worker went away."""
    return f"The call of {route.name} was interrupted, because its worker stopped. {_DOUBT}"


def broken(route: ToolRoute, why: str) -> str:
    """Tell the model that a tool's call failed around the tool itself."""
    return f"The call of {route.name} failed in its worker: {why}. {_DOUBT}"


_DOUBT = "It may or may not have taken effect: find out before you call it again"
