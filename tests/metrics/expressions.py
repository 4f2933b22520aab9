"""What the dashboard and the alerts ask Prometheus, and its own word on whether that makes sense."""

import json
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.metrics.rules import shipped_rules
from tools.metrics.__main__ import DASHBOARD

# What Grafana puts in the place of its variables.
_RANGES = re.compile(r"\$__(rate_interval|range|interval)")
_VARIABLES = re.compile(r"\$\{?(\w+)\}?")
_NAMES = re.compile(r"\b(?:durable_agents|temporal|process|python)_[a-z0-9_]+")


def dashboard() -> dict[str, Any]:
    """Return the dashboard as the chart ships it."""
    found = json.loads(DASHBOARD.read_text())
    assert isinstance(found, dict)
    return found


def shown_expressions() -> tuple[str, ...]:
    """Return the expressions of all panels."""
    return tuple(target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ()))


def filled_in(expression: str) -> str:
    """Put values in the place of variables, as Grafana does."""
    return _VARIABLES.sub(".*", _RANGES.sub("5m", expression))


def named_metrics() -> frozenset[str]:
    """Return the names of all series that the dashboard and the alerts look at."""
    asked = (*shown_expressions(), *(rule.expr for rule in shipped_rules()))
    return frozenset(name for expression in asked for name in _NAMES.findall(expression))


def complaints(promtool: Path, expressions: Iterable[str], directory: Path) -> str:
    """Let Prometheus read expressions; return what it complains of, nothing when it understands them all."""
    rules = [{"record": f"number:{index}", "expr": each} for index, each in enumerate(expressions)]
    file = directory / "expressions.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
    done = subprocess.run((promtool, "check", "rules", file), capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr + done.stdout
