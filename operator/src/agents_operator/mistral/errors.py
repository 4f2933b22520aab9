"""What a provider can answer besides yes, by what helps."""

from datetime import timedelta


class ProviderError(Exception):
    """The provider did not do what it was asked; `words` say why, in a sentence without its subject."""

    def __init__(self, words: str) -> None:
        super().__init__(f"the provider {words}")
        self.words = words


class ProviderUnauthorizedError(ProviderError):
    """It refuses the key; another one helps."""


class ProviderUnreachableError(ProviderError):
    """It could not be reached, or not now; the request may have been carried out."""

    def __init__(
        self, words: str, *, retry_after: timedelta | None = None, rate_limited: bool = False
    ) -> None:
        super().__init__(words)
        self.retry_after = retry_after
        self.rate_limited = rate_limited


class ModelNotFoundError(ProviderError):
    """It does not know the model; another name helps."""


class ProviderRejectedError(ProviderError):
    """It refuses the request for good; another request helps."""


class NotFoundError(ProviderRejectedError):
    """It has nothing of that id, or not this protocol at all."""
