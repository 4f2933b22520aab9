"""The parts of a Grafana dashboard, as Grafana stores them; pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

Json = dict[str, JsonValue]
Kind = Literal["timeseries", "stat", "table"]

WIDTH = 24
DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
# Of Grafana 10.4 and later; later ones bring it up to their own.
SCHEMA_VERSION = 39


@dataclass(frozen=True)
class Query:
    """An expression, and what its series are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """Something that is shown."""

    title: str
    description: str
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: Kind = "timeseries"
    width: int = 8
    stacked: bool = False


@dataclass(frozen=True)
class Row:
    """Panels that belong together."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Variable:
    """What its user may choose: values of a label of a metric."""

    name: str
    label: str
    query: str


def dashboard(uid: str, title: str, variables: Iterable[Variable], rows: Iterable[Row]) -> Json:
    """Write a dashboard."""
    return {
        "uid": uid,
        "title": title,
        "tags": ["durable-agents", "kubernetes"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": [_datasource(), *map(_variable, variables)]},
        "panels": list(_panels(rows)),
    }


def _datasource() -> Json:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "regex": "",
        "hide": 0,
        "multi": False,
        "includeAll": False,
        "refresh": 1,
        "current": {},
        "options": [],
    }


def _variable(variable: Variable) -> Json:
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": variable.query,
        "query": {"query": variable.query, "refId": f"Variable-{variable.name}"},
        "regex": "",
        "hide": 0,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "refresh": 2,
        "sort": 1,
        "current": {"text": ["All"], "value": ["$__all"]},
        "options": [],
    }


def _panels(rows: Iterable[Row]) -> Iterator[Json]:
    number, top = 0, 0
    for row in rows:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1},
            "panels": [],
        }
        top, left, height = top + 1, 0, 0
        for panel in row.panels:
            number += 1
            if left + panel.width > WIDTH:
                top, left, height = top + height, 0, 0
            tall = 4 if panel.kind == "stat" else 8
            yield _panel(panel, number, {"x": left, "y": top, "w": panel.width, "h": tall})
            left, height = left + panel.width, max(height, tall)
        top += height


def _panel(panel: Panel, number: int, position: Json) -> Json:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": position,
        "targets": [_target(query, index, panel.kind) for index, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel.kind),
        **({"transformations": [{"id": "labelsToFields"}, {"id": "merge"}]} if panel.kind == "table" else {}),
    }


def _target(query: Query, index: int, kind: Kind) -> Json:
    at_once = kind != "timeseries"
    return {
        "refId": chr(ord("A") + index),
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "instant": at_once,
        "range": not at_once,
        "format": "table" if kind == "table" else "time_series",
    }


def _defaults(panel: Panel) -> Json:
    if panel.kind != "timeseries":
        return {"unit": panel.unit}
    stacking: Json = {"mode": "normal" if panel.stacked else "none", "group": "A"}
    custom: Json = {
        "drawStyle": "line",
        "fillOpacity": 25 if panel.stacked else 5,
        "lineWidth": 1,
        "showPoints": "never",
        "stacking": stacking,
    }
    return {"unit": panel.unit, "min": 0, "custom": custom}


def _options(kind: Kind) -> Json:
    reduced: Json = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    match kind:
        case "stat":
            return {"colorMode": "value", "graphMode": "area", "reduceOptions": reduced}
        case "table":
            return {"showHeader": True}
        case "timeseries":
            legend: Json = {"displayMode": "list", "placement": "bottom", "showLegend": True}
            return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
