"""What the tools that run on the server can find: facts on the web or in libraries, and connectors."""

from pydantic import Field, JsonValue

from tests.standin.base import Frozen
from tests.standin.words import stems

_QUERY: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"query": {"type": "string"}},
    "required": ["query"],
}


class Fact(Frozen):
    """A page of the web, or with a library's id a document in it; found by queries with all of `words`."""

    words: str
    title: str
    text: str
    url: str | None = None
    description: str | None = None
    library_id: str | None = None


class ConnectorFunction(Frozen):
    """A function of a connector; without a result of its own it answers with its arguments."""

    name: str
    description: str = ""
    parameters: dict[str, JsonValue] = Field(default_factory=lambda: dict(_QUERY))
    result: str | None = None


class Connector(Frozen):
    """A connector of the workspace, with the functions that its owner lets nobody call unconfirmed."""

    id: str
    functions: tuple[ConnectorFunction, ...] = Field(min_length=1)
    requires_confirmation: tuple[str, ...] = ()


class World(Frozen):
    """Everything that was planted."""

    facts: tuple[Fact, ...] = ()
    connectors: tuple[Connector, ...] = ()

    def found(self, query: str, library_ids: tuple[str, ...] = ()) -> tuple[Fact, ...]:
        """List what a query finds: in these libraries, or without any on the web."""
        spoken = frozenset(stems(query))
        return tuple(
            fact
            for fact in self.facts
            if (fact.library_id in library_ids if library_ids else fact.library_id is None)
            and spoken.issuperset(stems(fact.words))
        )

    def connector(self, connector_id: str) -> Connector:
        """Find a connector; one that nobody planted has a single function, of its own name."""
        unknown = Connector(id=connector_id, functions=(ConnectorFunction(name=connector_id),))
        return next((known for known in self.connectors if known.id == connector_id), unknown)

    def with_fact(self, fact: Fact) -> "World":
        """Plant a fact."""
        return self.model_copy(update={"facts": (*self.facts, fact)})

    def with_connector(self, connector: Connector) -> "World":
        """Plant a connector, in place of the one that has its id."""
        others = tuple(known for known in self.connectors if known.id != connector.id)
        return self.model_copy(update={"connectors": (*others, connector)})
