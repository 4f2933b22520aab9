"""Asks Argo CD's and Flux's own code how an object does, with the health checks that docs/gitops ships."""

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from agents_crds.v1alpha1 import API_VERSION, StoredObject
from tools.parts.catalog import ROOT

SHIPPED = ROOT / "docs" / "gitops"
PREFIX = "resource.customizations.health.durable-agents.dev_"


@dataclass(frozen=True)
class Verdict:
    """What each makes of an object; `kstatus` is what Flux says where nobody told it of our kinds."""

    argo: str
    message: str
    flux: str
    kstatus: str


@dataclass(frozen=True)
class Judge:
    """The program, and the checks by kind."""

    program: Path
    scripts: dict[str, str]
    expressions: dict[str, dict[str, str]]

    def judge(self, objects: Iterable[StoredObject]) -> list[Verdict]:
        """Judge objects, in their order."""
        questions = [
            {
                "object": {"apiVersion": API_VERSION, "kind": type(each).__name__, **each.manifest()},
                "lua": self.scripts[type(each).__name__],
                "cel": self.expressions[type(each).__name__],
            }
            for each in objects
        ]
        asked = subprocess.run(
            [self.program],
            input=json.dumps(questions),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert asked.returncode == 0, asked.stderr
        return [
            Verdict(
                answer["argo"]["status"],
                answer["argo"]["message"],
                answer["flux"]["status"],
                answer["kstatus"]["status"],
            )
            for answer in json.loads(asked.stdout)
        ]


def shipped_scripts() -> dict[str, str]:
    """Return Argo CD's health scripts by kind."""
    data = yaml.safe_load((SHIPPED / "argocd-cm.yaml").read_text())["data"]
    return {key.removeprefix(PREFIX): script for key, script in data.items()}


def shipped_expressions() -> dict[str, dict[str, str]]:
    """Return Flux's expressions by kind."""
    checks = yaml.safe_load((SHIPPED / "flux.yaml").read_text())["spec"]["healthCheckExprs"]
    assert {each.pop("apiVersion") for each in checks} == {API_VERSION}
    return {each.pop("kind"): each for each in checks}
