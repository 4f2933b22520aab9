"""ModelProvider: an endpoint that serves models, and the Secret with its key."""

from typing import Annotated, ClassVar

from pydantic import Field

from agents_crds.v1alpha1.base import ApiModel, Rule
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_crds.v1alpha1.meta import Conditions, Status, StoredObject


class ModelProviderSpec(ApiModel):
    """Where the models are, and how to get in."""

    url: Annotated[str, Field(max_length=2048, pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")] = (
        "https://api.mistral.ai"
    )
    """Address of a server that speaks Mistral's protocol, without the `/v1`."""

    api_key_secret_ref: SecretKeyRef
    """The API key."""


class ModelProviderStatus(Status):
    """What the operator observed."""

    conditions: Conditions = ()
    """Ready."""


class ModelProvider(StoredObject):
    """ModelProvider is an endpoint that serves models, and the Secret with its key."""

    spec: ModelProviderSpec
    """Where the models are, and how to get in."""

    status: ModelProviderStatus = ModelProviderStatus()
    """What the operator observed."""

    rules: ClassVar = (
        Rule(
            cel="self.metadata.name.size() <= 63",
            message="metadata.name must be no more than 63 characters",
            holds=lambda provider: len(provider.metadata.name) <= 63,
        ),
    )
