"""The dashboard, as far as it can be judged without Grafana."""

from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.metrics.expressions import complaints, dashboard, filled_in, shown_expressions
from tools.metrics.dashboard import made_dashboard
from tools.metrics.grafana import DATASOURCE, WIDTH

PANELS: list[dict[str, Any]] = dashboard()["panels"]
SHOWN = [panel for panel in PANELS if panel["type"] != "row"]
each_shown = pytest.mark.parametrize("panel", SHOWN, ids=lambda panel: panel["title"])


def test_dashboard_is_the_one_that_the_code_makes() -> None:
    assert dashboard() == made_dashboard(), "run `make generate`"


def test_prometheus_understands_every_expression(promtool: Path, tmp_path: Path) -> None:
    assert complaints(promtool, map(filled_in, shown_expressions()), tmp_path) == ""


def test_prometheus_would_complain_of_an_expression_that_makes_no_sense(
    promtool: Path, tmp_path: Path
) -> None:
    assert "unclosed left parenthesis" in complaints(promtool, ["sum(rate(x[5m])"], tmp_path)


def test_ids_are_given_once() -> None:
    assert [id_ for id_, count in Counter(panel["id"] for panel in PANELS).items() if count > 1] == []
    assert [title for title, count in Counter(each["title"] for each in SHOWN).items() if count > 1] == []


def test_panels_lie_beside_each_other() -> None:
    places = {panel["title"]: panel["gridPos"] for panel in PANELS}
    assert all(each["x"] >= 0 and each["x"] + each["w"] <= WIDTH for each in places.values())
    assert [pair for pair in combinations(places, 2) if _overlap(places[pair[0]], places[pair[1]])] == []


@each_shown
def test_a_panel_asks_the_data_source_that_its_user_chose(panel: dict[str, Any]) -> None:
    assert panel["datasource"] == DATASOURCE
    assert all(target["datasource"] == DATASOURCE for target in panel["targets"])
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]) > 0


@each_shown
def test_a_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]


def test_what_others_in_the_cluster_do_with_temporal_is_not_shown() -> None:
    of_temporal = [each for each in shown_expressions() if "temporal_" in each]
    assert [each for each in of_temporal if 'pool!=""' not in each] == []


def test_every_variable_that_is_used_is_there() -> None:
    variables = {each["name"]: each for each in dashboard()["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    for expression in shown_expressions():
        left = filled_in(expression)
        assert "$" not in left
    used = {
        name for name in ("namespace", "agent", "pool") if any(f"${name}" in e for e in shown_expressions())
    }
    assert used == set(variables) - {"datasource"}


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )
