"""The alert rules of the chart."""

from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from tools.parts.catalog import ROOT

ALERTS = ROOT / "charts" / "durable-agents" / "files" / "alerts.yaml"


class Rule(BaseModel):
    """An alert rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    alert: str
    expr: str
    for_: str = Field(alias="for")
    keep_firing_for: str | None = None
    labels: dict[str, str]
    annotations: dict[str, str]


def shipped_rules() -> tuple[Rule, ...]:
    """Return them all."""
    return tuple(Rule.model_validate(rule) for group in _groups() for rule in group["rules"])


def rules_at_once() -> dict[str, Any]:
    """Return them as a rules file, in which each is on as soon as its expression is true."""
    groups = [{**group, "rules": [{**rule, "for": "0s"} for rule in group["rules"]]} for group in _groups()]
    return {"groups": groups}


def _groups() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    assert isinstance(groups, list)
    return groups
