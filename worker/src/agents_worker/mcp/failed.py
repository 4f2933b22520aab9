"""The one error of an MCP server that the rest of the worker knows."""

from agents_crds.contract.mcp import McpFailure
from agents_crds.v1alpha1.conditions import Reason


class ServerFailed(Exception):
    """A server did not do what it was asked for; the message says what to do next, and holds no secret.

    `refused` where the server itself answered so: then it did nothing.
    """

    def __init__(self, reason: Reason, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.refused = refused

    def as_failure(self) -> McpFailure:
        """Return what goes into the server's conditions."""
        return McpFailure(reason=self.reason, message=self.message)
