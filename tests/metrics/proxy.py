"""A proxy between operator and API server that swallows watches, as some load balancers do."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import yaml

from tools.local.kubeconfig import Server, read_kubeconfig
from tools.local.ports import HOST

PASSED_ON = ("authorization", "content-type", "user-agent", "accept")


class Proxy(ThreadingHTTPServer):
    """Passes everything on, until it is told to swallow what watches bring."""

    daemon_threads = True

    def __init__(self, server: Server) -> None:
        super().__init__((HOST, 0), _Handler)
        self.swallows = threading.Event()
        self.closed = threading.Event()
        self.upstream = httpx2.Client(
            base_url=server.address,
            verify=ssl.create_default_context(cadata=server.authority),
            timeout=httpx2.Timeout(10, read=None),
            limits=httpx2.Limits(max_connections=None),
            trust_env=False,
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
        request = self.server.upstream.build_request(self.command, self.path, content=body, headers=headers)
        is_watch = "watch=true" in self.path
        if is_watch and self.server.swallows.is_set():
            self.server.closed.wait()
            return
        answer = self.server.upstream.send(request, stream=True)
        try:
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("content-type", "application/json"))
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for chunk in answer.iter_bytes():
                if is_watch and self.server.swallows.is_set():
                    self.server.closed.wait()
                    return
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            answer.close()

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _pass_on  # noqa: N815 -- named by http.server

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def proxied(kubeconfig: Path, directory: Path) -> Iterator[tuple[Proxy, Path]]:
    """Run a proxy to the server of a kubeconfig, and write a kubeconfig that leads through it."""
    text = kubeconfig.read_text()
    proxy = Proxy(read_kubeconfig(text))
    config = yaml.safe_load(text)
    config["clusters"][0]["cluster"] = {"server": proxy.url}
    through = directory / "through-proxy.kubeconfig"
    through.write_text(yaml.safe_dump(config))
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield proxy, through
    finally:
        proxy.closed.set()
        proxy.shutdown()
        proxy.server_close()
