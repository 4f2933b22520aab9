"""The models that the stand-in serves."""

from typing import Literal

from tests.standin.base import Frozen
from tests.standin.errors import invalid_model, not_found
from tests.standin.wire import Call, Endpoint, Json, Reply

KNOWN_MODELS = (
    "mistral-large-latest",
    "mistral-medium-latest",
    "mistral-small-latest",
    "magistral-medium-latest",
    "devstral-medium-latest",
    "codestral-latest",
    "ministral-8b-latest",
    "ministral-3b-latest",
)


class Capabilities(Frozen):
    completion_chat: bool = True
    function_calling: bool = True
    completion_fim: bool = False
    fine_tuning: bool = False
    vision: bool = False


class ModelCard(Frozen):
    id: str
    object: Literal["model"] = "model"
    created: int = 1735689600
    owned_by: str = "mistralai"
    capabilities: Capabilities = Capabilities()
    name: str
    max_context_length: int = 131072
    aliases: tuple[str, ...] = ()
    type: Literal["base"] = "base"


class ModelList(Frozen):
    object: Literal["list"] = "list"
    data: tuple[ModelCard, ...]


def require_known(model: str) -> None:
    """Refuse a model that is not served, with 400."""
    if model not in KNOWN_MODELS:
        raise invalid_model(model)


def endpoints() -> tuple[Endpoint, ...]:
    """List the routes under /v1/models."""
    return (
        Endpoint("GET", "/v1/models", _list),
        Endpoint("GET", "/v1/models/{model_id}", _get),
    )


def _list(_: Call) -> Reply:
    return Json(ModelList(data=tuple(ModelCard(id=name, name=name) for name in KNOWN_MODELS)))


def _get(call: Call) -> Reply:
    name = call.params["model_id"]
    if name not in KNOWN_MODELS:
        raise not_found("Model", name)
    return Json(ModelCard(id=name, name=name))
