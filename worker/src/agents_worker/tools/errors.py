"""What can be wrong with the tools of a worker."""


class ToolDefinitionError(Exception):
    """A tool that cannot be offered; the message says what to change."""
