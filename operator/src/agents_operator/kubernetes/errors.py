"""What the API server can answer besides yes."""


class ApiServerError(Exception):
    """The API server refused or could not do it; worth another try."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"the API server answered {status}: {message}")
        self.status = status
        self.message = message


class ConflictError(ApiServerError):
    """Somebody else wrote the object, or replaced it by another one of the same name."""


class GoneError(ApiServerError):
    """The object does not exist."""


class RejectedError(ApiServerError):
    """The object does not fit its schema or a policy; the same write would be refused again."""


class ForbiddenError(ApiServerError):
    """We may not do it: a missing rule, or a namespace that is going away."""
