"""The models that the stand-in serves."""

from collections.abc import Mapping
from typing import Literal

from tests.standin.base import Frozen
from tests.standin.errors import invalid_model, no_such_model, not_found
from tests.standin.state import State
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
WINDOW = 131072  # tokens
_CREATED = 1735689600


class Capabilities(Frozen):
    completion_chat: bool = True
    function_calling: bool = True
    completion_fim: bool = False
    fine_tuning: bool = False
    vision: bool = False


class ModelCard(Frozen):
    id: str
    object: Literal["model"] = "model"
    created: int = _CREATED
    owned_by: str = "mistralai"
    capabilities: Capabilities = Capabilities()
    name: str
    max_context_length: int
    aliases: tuple[str, ...] = ()
    type: Literal["base"] = "base"


class ModelList(Frozen):
    object: Literal["list"] = "list"
    data: tuple[ModelCard, ...]


class OpenAiModel(Frozen):
    """A model as OpenAI's API lists it: nothing is said of its window."""

    id: str
    object: Literal["model"] = "model"
    created: int = _CREATED
    owned_by: str = "mistralai"


class OpenAiModelList(Frozen):
    object: Literal["list"] = "list"
    data: tuple[OpenAiModel, ...]


def windows_of(state: State) -> Mapping[str, int]:
    """Give each model's window, in tokens; a model that was given one is served."""
    return {**dict.fromkeys(KNOWN_MODELS, WINDOW), **state.windows}


def require_known(state: State, model: str) -> None:
    """Refuse a model that is not served, with 400."""
    if model not in windows_of(state):
        raise invalid_model(model)


class ModelsApi:
    """The routes under /v1/models, in both dialects."""

    def __init__(self, state: State) -> None:
        self._state = state

    def endpoints(self) -> tuple[Endpoint, ...]:
        """List the routes."""
        return (
            Endpoint("GET", "/v1/models", self.list),
            Endpoint("GET", "/v1/models/{model_id}", self.get),
            Endpoint("GET", "/openai/v1/models", self.list_openai, dialect="openai"),
            Endpoint("GET", "/openai/v1/models/{model_id}", self.get_openai, dialect="openai"),
        )

    def list(self, _: Call) -> Reply:
        """List the models as Mistral does."""
        windows = windows_of(self._state)
        return Json(ModelList(data=tuple(_card(name, window) for name, window in windows.items())))

    def get(self, call: Call) -> Reply:
        """Show a model as Mistral does."""
        name = call.params["model_id"]
        window = windows_of(self._state).get(name)
        if window is None:
            raise not_found("Model", name)
        return Json(_card(name, window))

    def list_openai(self, _: Call) -> Reply:
        """List the models as OpenAI does."""
        return Json(OpenAiModelList(data=tuple(OpenAiModel(id=name) for name in windows_of(self._state))))

    def get_openai(self, call: Call) -> Reply:
        """Show a model as OpenAI does."""
        name = call.params["model_id"]
        if name not in windows_of(self._state):
            raise no_such_model(name)
        return Json(OpenAiModel(id=name))


def _card(name: str, window: int) -> ModelCard:
    return ModelCard(id=name, name=name, max_context_length=window)
