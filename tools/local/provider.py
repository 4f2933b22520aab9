"""Which model provider stands behind the local platform, as the caller's environment says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tools.local.ports import HOST
from tools.local.services import STANDIN_KEY

MISTRAL_URL = "https://api.mistral.ai"


@dataclass(frozen=True)
class Provider:
    """Where model calls go and with which key."""

    url: str
    key: str = field(repr=False)
    is_standin: bool


def chosen_provider(environ: Mapping[str, str], standin_url: str) -> Provider:
    """The server that `MISTRAL_SERVER_URL` names; else Mistral when there is a key; else the stand-in."""
    url, key = environ.get("MISTRAL_SERVER_URL"), environ.get("MISTRAL_API_KEY")
    if url or key:
        return Provider(url or MISTRAL_URL, key or STANDIN_KEY, is_standin=url == standin_url)
    return Provider(standin_url, STANDIN_KEY, is_standin=True)


def is_local(url: str) -> bool:
    """Whether the server is on this machine, as the stand-in is at whatever port it had."""
    return urlsplit(url).hostname in {"localhost", HOST}
