"""What a provider's errors mean for the object that needed it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from agents_crds.v1alpha1 import ModelProvider, Reason
from agents_operator.errors import Stalled, Waiting
from agents_operator.mistral import (
    ModelNotFoundError,
    ProviderError,
    ProviderUnauthorizedError,
    ProviderUnreachableError,
)

RATE_LIMIT_PAUSE = timedelta(seconds=30)
SHORTEST_PAUSE = timedelta(seconds=1)


@contextmanager
def explained(provider: ModelProvider, *, retry_interval: timedelta) -> Iterator[None]:
    """Turn a ProviderError within the block into Waiting or Stalled."""
    try:
        yield
    except ProviderError as error:
        raise early_end(error, provider, retry_interval=retry_interval) from error


def early_end(
    error: ProviderError, provider: ModelProvider, *, retry_interval: timedelta
) -> Waiting | Stalled:
    """Say what a provider's error means: whether it may pass by itself, and what helps."""
    subject = f"ModelProvider {provider.metadata.name} ({provider.spec.url})"
    match error:
        case ProviderUnauthorizedError():
            ref = provider.spec.api_key_secret_ref
            remedy = (
                "it needs a key: set spec.apiKeySecretRef"
                if ref is None
                else f"put a valid key into Secret {ref.name}, key {ref.key}"
            )
            return Waiting(
                Reason.PROVIDER_UNAUTHORIZED, f"{subject} {error.words}: {remedy}", after=retry_interval
            )
        case ProviderUnreachableError():
            return Waiting(
                Reason.PROVIDER_UNREACHABLE,
                f"{subject} {error.words}",
                after=pause(error, retry_interval=retry_interval),
            )
        case ModelNotFoundError():
            return Stalled(Reason.MODEL_NOT_FOUND, f"{subject} {error.words}: correct spec.model")
        case _:
            return Stalled(Reason.PROVIDER_REJECTED, f"{subject} {error.words}")


def pause(error: ProviderUnreachableError, *, retry_interval: timedelta) -> timedelta:
    """Return how long to leave the provider alone: as long as it asks, and long after a rate limit."""
    if error.retry_after is not None:
        return max(error.retry_after, SHORTEST_PAUSE)
    return max(RATE_LIMIT_PAUSE, retry_interval) if error.rate_limited else retry_interval
