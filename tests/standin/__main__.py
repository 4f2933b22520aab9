"""Runs the stand-in: `python -m tests.standin --port 8808`."""

import argparse
import logging
import socket
from pathlib import Path

import uvicorn

from tests.standin.app import build_app
from tests.standin.gates import Gates
from tests.standin.responses import CuttableProtocol
from tests.standin.scenario import Scenario, load_scenario
from tests.standin.state import State, read_snapshot

DEFAULT_KEY = "standin-key"


class StandInServer(uvicorn.Server):
    """Ends at once: a request that is held gets no answer."""

    def __init__(self, config: uvicorn.Config, state: State, gates: Gates) -> None:
        super().__init__(config)
        self._state = state
        self._gates = gates

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drop what is held before waiting for what is being answered."""
        self._state.drop_requests()
        self._gates.release_all()
        await super().shutdown(sockets)


def main() -> None:
    """Serve until SIGTERM; the state file is written before the process ends."""
    options = _parse_options()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    scenario = load_scenario(options.scenario) if options.scenario else Scenario()
    keys = frozenset(options.api_key or [DEFAULT_KEY])
    state = State(read_snapshot(options.state), keys, scenario)
    gates = Gates()
    config = uvicorn.Config(
        build_app(state, gates, options.state, options.latency),
        host=options.host,
        port=options.port,
        http=CuttableProtocol,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,  # a shorter one can end a connection just as a request is sent
        timeout_graceful_shutdown=1,
    )
    logging.getLogger("standin").info("the stand-in for Mistral at http://%s:%s", options.host, options.port)
    StandInServer(config, state, gates).run()


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.standin", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--api-key", action="append", help=f"a key to let in, repeatable; {DEFAULT_KEY} without"
    )
    parser.add_argument("--state", type=Path, help="a file that keeps objects and counters across restarts")
    parser.add_argument("--scenario", type=Path, help="a YAML or JSON file of scripts that direct the model")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that every model call takes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
