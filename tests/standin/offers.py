"""What an agent's tools offer that run on the server: built-in tools, libraries and connectors. Pure."""

from typing import Literal

from tests.standin.base import Frozen
from tests.standin.choice import FunctionSpec
from tests.standin.jsonschema import JsonSchema
from tests.standin.tools import (
    BuiltinTool,
    ConnectorTool,
    DocumentLibraryTool,
    FunctionTool,
    Tool,
    ToolConfiguration,
)
from tests.standin.words import stem_set
from tests.standin.world import World

Work = Literal["search", "compute", "draw", "connect"]


class Offer(Frozen):
    """A function that the server runs: of which tool it is, and whether a call waits for a confirmation."""

    tool: str
    work: Work
    spec: FunctionSpec
    confirm: bool = False
    library_ids: tuple[str, ...] = ()
    result: str | None = None


def offers_of(tools: tuple[Tool, ...], world: World) -> tuple[Offer, ...]:
    """List the functions of all tools but the caller's own, as their configuration leaves them."""
    return tuple(offer for tool in tools for offer in _offers(tool, world))


def offered(offers: tuple[Offer, ...], name: str) -> Offer | None:
    """Find an offer by the name of its function, else of its tool."""
    by_tool = (offer for offer in offers if offer.tool == name)
    return next((offer for offer in offers if offer.spec.name == name), next(by_tool, None))


def _offers(tool: Tool, world: World) -> tuple[Offer, ...]:
    match tool:
        case FunctionTool():
            return ()
        case BuiltinTool(type=name, tool_configuration=configuration):
            return _configured(tuple(map(_BUILTIN.__getitem__, _FUNCTIONS[name])), name, configuration)
        case DocumentLibraryTool(library_ids=library_ids, tool_configuration=configuration):
            found = _configured((_LIBRARY,), "document_library", configuration)
            return tuple(offer.model_copy(update={"library_ids": library_ids}) for offer in found)
        case ConnectorTool(connector_id=connector_id, tool_configuration=configuration):
            return _of_connector(connector_id, configuration, world)


def _of_connector(
    connector_id: str, configuration: ToolConfiguration | None, world: World
) -> tuple[Offer, ...]:
    connector = world.connector(connector_id)
    offers = tuple(
        Offer(
            tool=connector_id,
            work="connect",
            spec=FunctionSpec(
                name=function.name,
                description=function.description,
                parameters=JsonSchema.model_validate(function.parameters),
            ),
            confirm=function.name in connector.requires_confirmation,
            result=function.result,
        )
        for function in connector.functions
    )
    return _configured(offers, connector_id, configuration)


def _configured(
    offers: tuple[Offer, ...], tool: str, configuration: ToolConfiguration | None
) -> tuple[Offer, ...]:
    """Leave out what a configuration excludes, and let its functions wait that it wants confirmed."""
    chosen = configuration or ToolConfiguration()
    included, excluded = chosen.include, chosen.exclude or ()
    return tuple(
        offer.model_copy(
            update={
                "tool": tool,
                "confirm": offer.confirm or offer.spec.name in (chosen.requires_confirmation or ()),
            }
        )
        for offer in offers
        if (included is None or offer.spec.name in included) and offer.spec.name not in excluded
    )


def _offer(name: str, work: Work, parameter: str, cues: str, description: str) -> Offer:
    parameters = JsonSchema(properties={parameter: JsonSchema(type="string")}, required=(parameter,))
    spec = FunctionSpec(name=name, description=description, parameters=parameters, cues=stem_set(cues))
    return Offer(tool=name, work=work, spec=spec)


# A tool's functions have names of their own, which is what a configuration speaks of:
# https://docs.mistral.ai/capabilities/connectors/confirmation shows web_search_premium with two.
_FUNCTIONS: dict[str, tuple[str, ...]] = {
    "web_search": ("web_search",),
    "web_search_premium": ("web_search", "news_search"),
    "code_interpreter": ("code_interpreter",),
    "image_generation": ("image_generation",),
}
_BUILTIN = {
    "web_search": _offer(
        "web_search",
        "search",
        "query",
        "web internet online",
        "Search for the latest news and current information on sites.",
    ),
    "news_search": _offer("news_search", "search", "query", "news", "Search the agencies AFP and AP."),
    "code_interpreter": _offer(
        "code_interpreter",
        "compute",
        "code",
        "code python program script compute calculate",
        "Plot and analyse data and numbers.",
    ),
    "image_generation": _offer(
        "image_generation",
        "draw",
        "prompt",
        "draw paint picture photo illustration sketch",
        "Generate or create an image, a logo.",
    ),
}
_LIBRARY = _offer(
    "document_library",
    "search",
    "query",
    "document library handbook",
    "Search files: manual, paper, policy, report.",
)
