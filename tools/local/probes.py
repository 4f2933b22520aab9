"""Questions that tell whether a server serves; none of them raises."""

import http.client
import socket
import ssl
import urllib.request
from collections.abc import Callable

from tools.local.ports import HOST

_TIMEOUT_SECONDS = 2.0


def answers(url: str) -> Callable[[], bool]:
    """Ask for 200 from `url`. Certificates are not verified: local servers make their own."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )

    def ready() -> bool:
        try:
            with opener.open(url, timeout=_TIMEOUT_SECONDS) as response:
                return bool(response.status == 200)
        except (OSError, http.client.HTTPException):
            return False

    return ready


def listens(port: int) -> Callable[[], bool]:
    """Ask for a connection to `port`."""

    def ready() -> bool:
        try:
            with socket.create_connection((HOST, port), timeout=_TIMEOUT_SECONDS):
                return True
        except OSError:
            return False

    return ready
