"""Every example, as a user applies it."""

import re

from agents_crds.v1alpha1 import AgentRun
from tests.component.tenant import NewTenant
from tests.standin.entries import FunctionResult
from tools.parts.catalog import ROOT

EXAMPLES = ROOT / "examples"


def test_rates_answers_with_the_figure_that_its_tool_made_up(new_tenant: NewTenant) -> None:
    tenant = new_tenant(modules="examples.rates.tools")
    tenant.kubectl("apply", f"--filename={EXAMPLES / 'rates'}")
    tenant.wait("agentrun/rates-1", "Succeeded")
    again = tenant.kubectl("create", f"--filename={EXAMPLES / 'rates' / 'repeat'}", "--output=name")
    tenant.wait(again.strip(), "Succeeded")
    figures = {figure(run) for run in tenant.list(AgentRun)}
    assert len(figures) == 2
    said = [
        entry.result
        for conversation in tenant.conversations()
        for entry in conversation.entries
        if isinstance(entry, FunctionResult)
    ]
    assert all(any(each in result for result in said) for each in figures)


def test_structured_output_has_the_figure_of_its_tool_as_a_number(new_tenant: NewTenant) -> None:
    tenant = new_tenant(modules="examples.rates.tools")
    tenant.kubectl("apply", f"--filename={EXAMPLES / 'structured-output'}")
    tenant.wait("agentrun/structured-output-1", "Succeeded")
    [said] = [
        entry.result
        for conversation in tenant.conversations()
        for entry in conversation.entries
        if isinstance(entry, FunctionResult)
    ]
    rate = tenant.kubectl(
        "get", "agentrun/structured-output-1", "--output=jsonpath={.status.output.json.rate}"
    )
    assert said == f"{float(rate):.6f} % (ECB, 2023)"
    run = tenant.get(AgentRun, "structured-output-1")
    assert run.status.output is not None
    assert run.status.output.value == {"rate": float(rate), "bank": "ECB", "year": 2023}


def figure(run: AgentRun) -> str:
    assert run.status.output is not None
    found = re.search(r"\d\.\d{6} %", run.status.output.text)
    assert found, run.status.output.text
    return found[0]
