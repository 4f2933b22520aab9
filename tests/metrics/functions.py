"""Tools of the workers whose metrics are looked at."""

from agents_worker import tool
from agents_worker.tools.errors import ToolError


@tool
def open_valve(valve: str) -> str:
    """Open a valve, which none lets itself be.

    Args:
        valve: Name of the valve.
    """
    raise ToolError(f"{valve} is stuck")
