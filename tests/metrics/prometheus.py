"""A real Prometheus that looks at real operators and workers, once a second."""

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import yaml
from pydantic import BaseModel, ConfigDict, JsonValue

from tools.local.environment import base_environment
from tools.local.ports import HOST, free_ports
from tools.local.probes import answers
from tools.local.processes import Command, Processes, Service

INTERVAL = "1s"


class Alert(BaseModel):
    """An alert, as Prometheus tells it."""

    model_config = ConfigDict(frozen=True)
    labels: dict[str, str]
    annotations: dict[str, str]
    state: str

    @property
    def name(self) -> str:
        """Name of its rule."""
        return self.labels["alertname"]


@dataclass(frozen=True)
class Target:
    """Somebody who tells metrics, with the labels that a monitor would add."""

    port: int
    labels: Mapping[str, str]


class Prometheus:
    """Its process; targets come and go."""

    def __init__(
        self,
        program: Path,
        directory: Path,
        processes: Processes,
        rules: Mapping[str, JsonValue],
        workers: Path,
    ) -> None:
        """`rules` are alert rules; below `workers` the local runner notes where each tells its metrics."""
        directory.mkdir(parents=True)
        self._program, self._directory, self._processes = program, directory, processes
        self._workers = workers
        self._operators: tuple[Target, ...] = ()
        self._url = f"http://{HOST}:{free_ports(1)[0]}"
        (directory / "rules.yaml").write_text(yaml.safe_dump(rules))
        (directory / "prometheus.yaml").write_text(yaml.safe_dump(self._configuration()))
        for kind in ("operators", "workers"):
            self._write(kind, ())

    def start(self) -> None:
        """Start it, and return when it answers."""
        argv = (
            str(self._program),
            f"--config.file={self._directory / 'prometheus.yaml'}",
            f"--storage.tsdb.path={self._directory / 'data'}",
            f"--web.listen-address={self._url.removeprefix('http://')}",
        )
        command = Command("prometheus", argv, base_environment(os.environ), self._directory)
        self._processes.start(command)
        self._processes.wait_ready(Service(command, answers(f"{self._url}/-/ready")), timeout=30)

    def watch_operators(self, *targets: Target) -> None:
        """Look at these operators too from now on, as the ServiceMonitor does."""
        self._operators += targets
        self._write("operators", self._operators)

    def forget_operators(self, job: str) -> None:
        """Look no more at the operators of a job."""
        self._operators = tuple(each for each in self._operators if each.labels["job"] != job)
        self._write("operators", self._operators)

    def find_workers(self) -> None:
        """Look at the workers that there are, with the labels that the PodMonitor gives them."""
        found = (
            Target(
                int(file.read_text()),
                {
                    "job": "workers",
                    "namespace": file.parent.parent.name,
                    "pool": file.parent.name.rpartition("-")[0],
                    "pod": f"{file.parent.name}-{file.stem}",
                },
            )
            for file in sorted(self._workers.rglob("*.metrics"))
        )
        self._write("workers", found)

    def names(self) -> frozenset[str]:
        """Return the names of all series."""
        self.find_workers()
        return frozenset(self._get("/api/v1/label/__name__/values"))

    def labels(self, selector: str) -> tuple[dict[str, str], ...]:
        """Return the labels of the series that there are now."""
        found = self._get("/api/v1/query", query=selector)
        return tuple(each["metric"] for each in found["result"])

    def value(self, expression: str) -> float:
        """Return the value of an expression, 0 where there is none."""
        found = self._get("/api/v1/query", query=expression)["result"]
        return float(found[0]["value"][1]) if found else 0.0

    def alerts(self) -> tuple[Alert, ...]:
        """Return the alerts that are on."""
        self.find_workers()
        return tuple(Alert.model_validate(each) for each in self._get("/api/v1/alerts")["alerts"])

    def wait_for_workers(self, namespace: str) -> None:
        """Wait until it looks at the workers of a namespace: what they did before is no change to it."""
        deadline = time.monotonic() + 60
        while self.value(f'sum(up{{job="workers",namespace="{namespace}"}})') == 0:
            assert time.monotonic() < deadline, f"no worker of {namespace} tells its metrics"
            self.find_workers()
            time.sleep(0.2)

    def wait_for_alert(self, name: str, /, *, timeout: float = 60, **labels: str) -> Alert:
        """Wait until an alert is on that has these labels."""
        deadline = time.monotonic() + timeout
        while True:
            alerts = self.alerts()
            for alert in alerts:
                if alert.name == name and labels.items() <= alert.labels.items():
                    return alert
            if time.monotonic() > deadline:
                seen = sorted({each.name for each in alerts})
                raise AssertionError(f"{name} {labels} is not on after {timeout:.0f} s; on are {seen}")
            time.sleep(0.2)

    def _get(self, path: str, **query: str) -> Any:
        answer = httpx2.get(f"{self._url}{path}", params=query, timeout=10, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def _write(self, kind: str, targets: Iterable[Target]) -> None:
        groups = [{"targets": [f"{HOST}:{each.port}"], "labels": dict(each.labels)} for each in targets]
        fresh = self._directory / f".{kind}.json"
        fresh.write_text(json.dumps(groups))
        fresh.replace(self._directory / f"{kind}.json")

    def _configuration(self) -> JsonValue:
        return {
            "global": {
                "scrape_interval": INTERVAL,
                "scrape_timeout": INTERVAL,
                "evaluation_interval": INTERVAL,
            },
            "rule_files": ["rules.yaml"],
            "scrape_configs": [
                {"job_name": "operators", "honor_labels": True, **self._discovery("operators")},
                {"job_name": "workers", **self._discovery("workers")},
            ],
        }

    def _discovery(self, kind: str) -> dict[str, JsonValue]:
        files: list[JsonValue] = [f"{kind}.json"]
        return {"file_sd_configs": [{"files": files, "refresh_interval": "1s"}]}
