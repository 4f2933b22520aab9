"""Pages over HTTP, from a thread of their own: what else the process does cannot hold them up."""

import errno
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, str]
"""The status code and the text of a page, without the end of its last line."""

Pages = Mapping[str, Callable[[], Answer]]
"""What makes a page, by its path."""


class PortTakenError(Exception):
    """Something else in the pod listens where the worker serves pages."""


@contextmanager
def serve_pages(pages: Pages, port: int, purpose: str) -> Iterator[None]:
    """Serve them while the block runs; raise PortTakenError, which says what the port is for."""
    with _listening(pages, port, purpose) as server:
        threading.Thread(target=server.serve_forever, name=f"port {port}", daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


def _listening(pages: Pages, port: int, purpose: str) -> "_Server":
    try:
        return _Server(pages, port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortTakenError(
            f"port {port} is taken, and the worker needs it {purpose}: let whatever else runs in "
            "this pod listen on another port"
        ) from error


class _Server(ThreadingHTTPServer):
    """Listens on all addresses, IPv6 where the machine has it."""

    def __init__(self, pages: Pages, port: int) -> None:
        super().__init__(("", port), partial(_Handler, pages), bind_and_activate=False)
        self.socket.close()
        both = socket.has_dualstack_ipv6()
        self.socket = socket.create_server(
            ("", port), family=socket.AF_INET6 if both else socket.AF_INET, dualstack_ipv6=both
        )


class _Handler(BaseHTTPRequestHandler):
    timeout = 5.0

    def __init__(self, pages: Pages, *connection: Any) -> None:
        self._pages = pages
        super().__init__(*connection)

    def do_GET(self) -> None:
        page = self._pages.get(self.path)
        status, text = page() if page else (404, f"ask for {' or '.join(self._pages)}")
        body = f"{text}\n".encode()
        self.send_response(status)
        # The version is that of Prometheus' text format.
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: a line for each question would drown the rest."""
