"""The one error that a person is meant to read."""


class ExpectedError(Exception):
    """Something a person can act on; its message says what happened and what to do next."""
