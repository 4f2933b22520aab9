"""Which server the tests speak to: the stand-in, or the one of a real account where that is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from tests.standin.control import StandIn

REAL_URL = "https://api.mistral.ai"
MODEL = "mistral-medium-latest"


class NoKeyError(Exception):
    """A real account was asked for, and there is no key to it."""


@dataclass(frozen=True)
class Server:
    """Where, as whom and with which model the tests call; `standin` is None for a real account."""

    url: str
    key: SecretStr
    model: str = MODEL
    standin: StandIn | None = None


def real_server(environment: Mapping[str, str]) -> Server | None:
    """Read the real account that `make conformance` is for; None without MISTRAL_CONFORMANCE."""
    if not environment.get("MISTRAL_CONFORMANCE"):
        return None
    key = environment.get("MISTRAL_API_KEY", "").strip()
    if not key:
        raise NoKeyError(
            "MISTRAL_API_KEY is not set: `make conformance` calls a real account, so put its key there. "
            "Without MISTRAL_CONFORMANCE the same tests run against the stand-in"
        )
    url = environment.get("MISTRAL_SERVER_URL") or REAL_URL
    return Server(url.rstrip("/"), SecretStr(key), environment.get("MISTRAL_MODEL") or MODEL)
