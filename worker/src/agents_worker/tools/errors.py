"""What can be wrong with the tools of a worker, and with their calls."""


class ToolDefinitionError(Exception):
    """A tool that cannot be offered; the message says what to change, and goes into the pool's conditions.

    What user code said, where it may hold anything, is in the cause's text alone.
    """


class ToolError(Exception):
    """Raised by a tool that cannot do what it was asked: its message is what the model is told, as it is."""
