"""Runs llama.cpp's server, as xllamacpp has it: `python llama_server.py MODEL NAME PORT KEY WINDOW`.

A process of its own, that needs xllamacpp alone.
"""

import signal
import sys

import xllamacpp  # type: ignore[import-not-found] # not of the environment that checks types


def main(path: str, name: str, port: int, key: str, window: int) -> None:
    """Serve until SIGTERM, one chat at a time, on one core."""
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {name}
    params.port = port
    params.api_keys = [key]
    params.n_ctx = window
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.sampling.temp = 0
    params.use_jinja = True
    params.fit_params = False
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)  # noqa: T201 # to the log
    signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
