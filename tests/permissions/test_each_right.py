"""Without any one of its rights the operator fails at something, and only for the lack of that right."""

from dataclasses import replace

import httpx2
import pytest

from agents_operator.installation import CONFIG_MAP
from tests.component.platform import Operator
from tests.permissions.rights import Denials, Right, operator_permissions, rights, taken_away
from tests.permissions.scenarios import Stage
from tests.permissions.table import AT_ITS_START, WHILE_IT_RUNS, Need
from tests.user import eventually
from tools.local.install import OPERATOR_NAMESPACE
from tools.parts.catalog import ROOT


def test_table_names_every_right_and_no_other() -> None:
    permissions = operator_permissions()
    assert {*AT_ITS_START, *WHILE_IT_RUNS} == rights(permissions.served) | rights(permissions.own)
    assert not AT_ITS_START.keys() & WHILE_IT_RUNS.keys()


@pytest.mark.parametrize("need", {**AT_ITS_START, **WHILE_IT_RUNS}.values(), ids=lambda need: need.shown_by)
def test_behaviour_that_needs_a_right_is_shown_by_a_test(need: Need) -> None:
    path, _, test = need.shown_by.partition("::")
    assert f"def {test}(" in (ROOT / path).read_text()


@pytest.mark.parametrize("right", sorted(AT_ITS_START), ids=str)
def test_right_is_needed_to_start(right: Right, starting: Stage) -> None:
    operator, scenario = starting.operator, AT_ITS_START[right].scenario
    with taken_away(starting.tenant.platform.kubectl, right):
        forget_installation(starting)
        operator.processes.start(operator.service.command)
        assert eventually(lambda: missed(operator), bool) == {right}
        came = scenario(starting, label(right))
        assert not came()
    # The same process, once it may.
    eventually(came, bool)
    eventually(lambda: operator.answers("readyz"), lambda answer: answer == (200, "ok\n"))


@pytest.mark.parametrize("right", sorted(WHILE_IT_RUNS), ids=str)
def test_right_is_needed_at_work(right: Right, stage: Stage) -> None:
    platform, scenario = stage.tenant.platform, WHILE_IT_RUNS[right].scenario
    with taken_away(platform.kubectl, right):
        denials = Denials(platform.control_plane.audit_log)
        came = scenario(stage, f"{label(right)}-without")
        assert eventually(denials, bool) == {replace(right, name="")}
        assert not came()
    eventually(scenario(stage, f"{label(right)}-with"), bool)


def missed(operator: Operator) -> set[Right]:
    """Which of the rights that it needs to start an operator says that it lacks."""
    try:
        status, text = operator.answers("readyz")
    except httpx2.ConnectError:
        return set()
    assert (status, operator.runs) == (503, True)
    # As the API server puts it: cannot get resource "configmaps"; as the operator does: may not list agents.
    said = text.replace("resource ", "").replace('"', "")
    return {right for right in AT_ITS_START if f" {right.verb} {right.resource} " in said}


def label(right: Right) -> str:
    return f"{right.verb}-{right.resource.replace('/', '-')}"


def forget_installation(stage: Stage) -> None:
    """Make it a new install: the id is looked for, and made up."""
    kubectl = stage.tenant.platform.kubectl
    kubectl("delete", "configmap", CONFIG_MAP, f"--namespace={OPERATOR_NAMESPACE}", "--ignore-not-found")
