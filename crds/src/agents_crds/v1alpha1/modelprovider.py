"""ModelProvider: an endpoint that serves models, and the Secret with its key."""

from typing import Annotated, ClassVar

from pydantic import Field

from agents_crds.v1alpha1.base import ApiModel, Transition
from agents_crds.v1alpha1.conditions import ConditionType
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_crds.v1alpha1.meta import NAME_LIMIT, Conditions, Status, StoredObject, pending
from agents_crds.v1alpha1.text import Format

URL = r"^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!-\"$->@-~]*)?$"


class ModelProviderSpec(ApiModel):
    """Where the models are, and how to get in."""

    url: Annotated[
        str,
        Field(max_length=2048),
        Format(
            URL,
            "must be an http:// or https:// address without credentials or query, as in https://api.mistral.ai",
        ),
    ] = "https://api.mistral.ai"
    """Address of a server that speaks Mistral's protocol, without the `/v1`."""

    api_key_secret_ref: SecretKeyRef
    """The API key."""

    transitions: ClassVar = (
        # What was made at the old address could not be removed there: the key is the new one's.
        Transition(
            cel="self.url == oldSelf.url",
            message="spec.url is frozen: create another ModelProvider and point the Agents at it",
            path=".url",
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
