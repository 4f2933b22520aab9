"""ModelProvider: an endpoint that serves models, and the Secret with its key."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from agents_crds.v1alpha1.base import ApiModel, Rule, Transition
from agents_crds.v1alpha1.conditions import ConditionType
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_crds.v1alpha1.meta import NAME_LIMIT, Conditions, Status, StoredObject, pending
from agents_crds.v1alpha1.text import ORIGIN, Format

URL = rf"{ORIGIN}(/[!-\"$->@-~]*)?$"


class ModelProviderSpec(ApiModel):
    """Where the models are, and how to get in."""

    protocol: Literal["Mistral", "ChatCompletions"] = "Mistral"
    """What the server speaks: Mistral's API, or chat completions as OpenAI's clients do (Local only)."""

    url: Annotated[
        str,
        Field(max_length=2048),
        Format(
            URL,
            "must be an http:// or https:// address without credentials or query, as in https://api.mistral.ai",
        ),
    ] = "https://api.mistral.ai"
    """Address of the server: Mistral's without `/v1`; of ChatCompletions, the base URL, mostly with it."""

    api_key_secret_ref: SecretKeyRef | None = None
    """The API key; a server of ChatCompletions may need none."""

    rules: ClassVar = (
        Rule(
            cel="self.protocol != 'Mistral' || has(self.apiKeySecretRef)",
            message="apiKeySecretRef is required with protocol Mistral",
            holds=lambda spec: spec.protocol != "Mistral" or spec.api_key_secret_ref is not None,
        ),
    )

    transitions: ClassVar = (
        # What was made at the old address could not be removed there: the key is the new one's.
        Transition(
            cel="self.url == oldSelf.url",
            message="spec.url is frozen: create another ModelProvider and point the Agents at it",
            path=".url",
        ),
        Transition(
            cel="self.protocol == oldSelf.protocol",
            message="spec.protocol is frozen: create another ModelProvider and point the Agents at it",
            path=".protocol",
        ),
    )


class ModelProviderStatus(Status):
    """What the operator observed."""

    conditions: Conditions = ()
    """Ready."""


class ModelProvider(StoredObject):
    """ModelProvider is an endpoint that serves models, and the Secret with its key."""

    spec: ModelProviderSpec
    """Where the models are, and how to get in."""

    status: ModelProviderStatus = ModelProviderStatus(conditions=pending(ConditionType.READY))
    """What the operator observed."""

    rules: ClassVar = (NAME_LIMIT,)
