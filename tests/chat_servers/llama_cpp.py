"""llama.cpp's own server on a model that is made on the spot: its parsing, templates, grammars and errors."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.chat_servers.bigrams import MODEL, write_bigrams
from tests.standin.process import free_port, stop_process
from tools.parts.catalog import ROOT
from tools.parts.pypi import from_pypi
from tools.parts.store import cache_directory

_LOCK = ROOT / "tools" / "parts" / "xllamacpp.lock"
_PROGRAM = Path(__file__).with_name("llama_server.py")
_KEY = "a-key-of-llama-cpp"


@dataclass(frozen=True)
class ChatServer:
    """Where a server is, without `/v1`; the key it lets in, and the model that it serves."""

    url: str
    key: str
    model: str


@contextmanager
def running_llama_cpp(folder: Path, *, window: int = 4096) -> Iterator[ChatServer]:
    """Run the server for the length of the block; its model and its log, `llama-cpp.log`, are in `folder`.

    `window` is in tokens, about one to a character.
    """
    model, port = folder / f"{MODEL}.gguf", free_port()
    write_bigrams(model)
    home = from_pypi(
        *("xllamacpp", _LOCK, os.environ, cache_directory(os.environ)),
        otherwise="give pip an index that has xllamacpp for this platform",
    )
    command = (sys.executable, str(_PROGRAM), str(model), MODEL, str(port), _KEY, str(window))
    with (folder / "llama-cpp.log").open("ab") as log:
        process = subprocess.Popen(
            command, env={**os.environ, "PYTHONPATH": str(home)}, stdout=log, stderr=log
        )
    server = ChatServer(f"http://127.0.0.1:{port}", _KEY, MODEL)
    try:
        _wait_until_up(server, process)
        yield server
    finally:
        stop_process(process)


def _wait_until_up(server: ChatServer, process: "subprocess.Popen[bytes]", *, timeout: float = 20) -> None:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"llama.cpp's server ended with {process.returncode}: see its log")
        try:
            if httpx2.get(f"{server.url}/health", timeout=1).is_success:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.02)
    raise TimeoutError(f"llama.cpp's server did not answer at {server.url} within {timeout} s: see its log")
