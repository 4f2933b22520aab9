"""What a provider's errors mean for the object that needed it."""

from datetime import timedelta

import pytest

from agents_crds.v1alpha1 import ModelProvider, ModelProviderSpec, ObjectMeta, Reason
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.errors import Stalled, Waiting
from agents_operator.mistral import (
    ModelNotFoundError,
    NotFoundError,
    ProviderError,
    ProviderRejectedError,
    ProviderUnauthorizedError,
    ProviderUnreachableError,
)
from agents_operator.providers.explain import early_end, explained

RETRY = timedelta(seconds=10)
PROVIDER = ModelProvider(
    metadata=ObjectMeta(name="default", namespace="team-a"),
    spec=ModelProviderSpec(api_key_secret_ref=SecretKeyRef(name="mistral", key="api-key")),
)


@pytest.mark.parametrize(
    ("error", "reason", "after"),
    [
        (ProviderUnauthorizedError("refuses the key"), Reason.PROVIDER_UNAUTHORIZED, 10),
        (ProviderUnreachableError("answered 503"), Reason.PROVIDER_UNREACHABLE, 10),
        (ProviderUnreachableError("limits", rate_limited=True), Reason.PROVIDER_UNREACHABLE, 30),
        (
            ProviderUnreachableError("limits", rate_limited=True, retry_after=timedelta(seconds=5)),
            Reason.PROVIDER_UNREACHABLE,
            5,
        ),
        (
            ProviderUnreachableError("answered 503", retry_after=timedelta(seconds=90)),
            Reason.PROVIDER_UNREACHABLE,
            90,
        ),
        (ProviderUnreachableError("answered 503", retry_after=timedelta()), Reason.PROVIDER_UNREACHABLE, 1),
    ],
)
def test_what_may_pass_is_waited_for(error: ProviderError, reason: Reason, after: int) -> None:
    early = early_end(error, PROVIDER, retry_interval=RETRY)
    assert isinstance(early, Waiting)
    assert (early.reason, early.after, early.expected) == (reason, timedelta(seconds=after), False)
    assert early.message.startswith("ModelProvider default (https://api.mistral.ai) ")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ModelNotFoundError("does not know the model large"), Reason.MODEL_NOT_FOUND),
        (ProviderRejectedError("answered 422"), Reason.PROVIDER_REJECTED),
        (NotFoundError("answered 404"), Reason.PROVIDER_REJECTED),
    ],
)
def test_what_needs_a_change_is_final(error: ProviderError, reason: Reason) -> None:
    early = early_end(error, PROVIDER, retry_interval=RETRY)
    assert isinstance(early, Stalled)
    assert early.reason is reason


def test_refused_key_names_the_secret() -> None:
    with (
        pytest.raises(Waiting, match="put a valid key into Secret mistral, key api-key"),
        explained(PROVIDER, retry_interval=RETRY),
    ):
        raise ProviderUnauthorizedError("refuses the key (401)")


def test_server_that_wants_a_key_where_none_is_set_names_the_field() -> None:
    spec = ModelProviderSpec(protocol="ChatCompletions", url="http://own:8000/v1")
    early = early_end(
        ProviderUnauthorizedError("refuses"), PROVIDER.model_copy(update={"spec": spec}), retry_interval=RETRY
    )
    assert "it needs a key: set spec.apiKeySecretRef" in early.message
