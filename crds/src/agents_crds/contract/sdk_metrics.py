"""The metrics that Temporal's SDK keeps of a process, of which it serves a page of its own."""

import http.client
import socket
from dataclasses import dataclass
from typing import Self

from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from agents_crds.telemetry.logs import LogFormat, core_logging

_HOST = "127.0.0.1"
_SECONDS = 2.0


@dataclass(frozen=True)
class SdkMetrics:
    """Where the SDK serves its page: to this process alone, which shows it with its own."""

    port: int

    @classmethod
    def serving(cls, form: LogFormat = LogFormat.TEXT) -> Self:
        """Let every client that is made later in this process keep metrics; call it before the first."""
        with socket.socket() as free:
            free.bind((_HOST, 0))
            port = int(free.getsockname()[1])
        page = PrometheusConfig(
            bind_address=f"{_HOST}:{port}",
            counters_total_suffix=True,
            unit_suffix=True,
            durations_as_seconds=True,
        )
        runtime = Runtime(telemetry=TelemetryConfig(metrics=page, logging=core_logging(form)))
        Runtime.set_default(runtime, error_if_already_set=False)
        return cls(port)

    def read(self) -> bytes:
        """Return the page, in Prometheus' text format; raise OSError when it cannot be had."""
        connection = http.client.HTTPConnection(_HOST, self.port, timeout=_SECONDS)
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().read()
        finally:
            connection.close()
