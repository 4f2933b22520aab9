"""The travel desk's MCP server: the prompt of its clerk, and the tools of its rail expert."""

import random
import sys

from mcp.server.mcpserver import MCPServer

desk = MCPServer("travel-desk")


@desk.prompt()
def clerk(company: str) -> str:
    """How the clerk of the travel desk works."""
    return (
        f"You are the clerk at the travel desk of {company}. Hand questions about trains off; greet warmly."
    )


@desk.tool()
def find_train(from_city: str, to_city: str) -> str:
    """Find a train connection between two cities, with its price.

    Args:
        from_city: City where the journey begins.
        to_city: City where it ends.
    """
    # Made up anew on each call: an answer that has it can only come from here.
    number, price = random.randint(100, 999), random.uniform(20, 90)
    return f"From {from_city} to {to_city}: train {number}, {price:.2f} EUR"


if __name__ == "__main__":
    host, port = sys.argv[1:] or ("0.0.0.0", "8000")
    desk.run("streamable-http", host=host, port=int(port))
