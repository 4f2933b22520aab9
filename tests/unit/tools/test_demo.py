from pathlib import Path

import pytest

from tools.errors import ExpectedError
from tools.local.demo import OF_NPM, OF_PEOPLE, OF_SIZE, OF_USERS, observe_examples
from tools.local.observed import Name
from tools.parts.catalog import ROOT

EXAMPLES = ROOT / "examples"
HERE = "127.0.0.1:40001"


def test_demo_runs_all_examples_but_those_that_need_npm_a_person_or_a_server_of_the_users() -> None:
    runs = {
        each.name.name.rpartition("-")[0]
        for each in observe_examples(EXAMPLES, travel_desk=HERE)
        if each.name.kind == "AgentRun"
    }
    folders = {path.name for path in EXAMPLES.iterdir() if any(path.glob("agentrun*.yaml"))}
    left_out = OF_NPM | OF_PEOPLE | OF_USERS | OF_SIZE
    assert folders > left_out
    assert runs == {"rates" if name == "python-tool" else name for name in folders - left_out}


def test_demo_leaves_out_what_runs_servers_in_clusters_and_what_has_no_name() -> None:
    names = [each.name for each in observe_examples(EXAMPLES, travel_desk=HERE)]
    assert {name.kind for name in names} == {"Agent", "AgentRun", "MCPServer"}
    assert all(name.name for name in names)


def test_demo_leads_to_the_server_of_this_machine() -> None:
    found = {each.name: each.document for each in observe_examples(EXAMPLES, travel_desk=HERE)}
    assert f"'http://{HERE}/mcp'" in str(found[Name("MCPServer", "default", "travel-desk")])


def test_folder_without_examples_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ExpectedError, match="no manifests below"):
        observe_examples(tmp_path, travel_desk=HERE)
