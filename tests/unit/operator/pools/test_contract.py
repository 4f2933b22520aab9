import pytest

from agents_crds.contract import SECOND_CONTRACT
from agents_crds.contract.tools import ToolCatalogue
from agents_crds.v1alpha1 import Reason
from agents_operator.errors import Stalled
from agents_operator.pools.contract import lacking, lacking_for_server, require_codec
from tests.unit.operator.objects import Manifest, mcp_server, pool, ready_agent, run

SERVER: Manifest = {"serverRef": {"name": "maps"}}
MESSAGES: Manifest = {"input": None, "messages": [{"content": [{"imageUrl": "https://example.com/a.png"}]}]}
OLD: list[Manifest] = [{}, {"contract": SECOND_CONTRACT - 1}]


def asks(agent_s: Manifest, run_s: Manifest, status: Manifest) -> str | None:
    return lacking(ready_agent(spec=agent_s).spec, run(spec=run_s).spec, pool("gpu", status=status))


@pytest.mark.parametrize(
    ("agent_s", "run_s", "needs"),
    [
        ({"outputSchema": {}}, {}, "spec.outputSchema"),
        ({"limits": {"maxTotalTokens": 9}}, {}, "spec.limits.maxTotalTokens"),
        ({}, {"limits": {"maxTotalTokens": 9}}, "the run's spec.limits.maxTotalTokens"),
        ({"handoffs": [{"agentRef": {"name": "back"}}]}, {}, "spec.handoffs"),
        ({"tools": [{"mcp": SERVER}]}, {}, "spec.tools[].mcp"),
        ({"tools": [{"builtin": {"type": "web_search"}}]}, {}, "spec.tools[].builtin"),
        ({"tools": [{"documentLibrary": {"ids": ["l"]}}]}, {}, "spec.tools[].documentLibrary"),
        ({"tools": [{"connector": {"id": "c"}}]}, {}, "spec.tools[].connector"),
        ({}, MESSAGES, "the run's spec.messages"),
        ({"session": "Local"}, {}, "spec.session Local"),
        ({"limits": {"waitForInput": "1h"}}, {}, "spec.limits.waitForInput"),
        ({}, {"continueFrom": {"agentRunRef": {"name": "rates-0"}}}, "the run's spec.continueFrom"),
        ({}, {"userInputs": [{"id": "a", "text": "b"}]}, "the run's spec.userInputs"),
        ({"outputSchema": {}}, MESSAGES, "spec.outputSchema and the run's spec.messages"),
    ],
)
@pytest.mark.parametrize("status", OLD, ids=["not noted", "older"])
def test_older_workers_lack_what_they_would_pass_over(
    agent_s: Manifest, run_s: Manifest, needs: str, status: Manifest
) -> None:
    assert asks(agent_s, run_s, status) == (
        f"{needs} need workers of contract 2, and those of WorkerPool gpu speak 1: "
        "rebuild its image on this release's worker"
    )
    assert asks(agent_s, run_s, {"contract": SECOND_CONTRACT}) is None


@pytest.mark.parametrize("status", OLD, ids=["not noted", "older"])
@pytest.mark.parametrize(
    ("agent_s", "run_s"),
    [
        ({"tools": [{"function": {"name": "pay"}}], "limits": {"maxTurns": 3}}, {"limits": {"maxTurns": 1}}),
        (
            {"instructionsFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
            {"input": None, "inputFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
        ),
    ],
)
def test_older_workers_do_what_the_first_contract_knows(
    agent_s: Manifest, run_s: Manifest, status: Manifest
) -> None:
    assert asks(agent_s, run_s, status) is None


def test_older_workers_cannot_call_a_server() -> None:
    old = lacking_for_server(mcp_server(), pool("gpu", status={"contract": SECOND_CONTRACT - 1}))
    assert old is not None
    assert old.startswith("the tools of MCPServer maps need workers of contract 2")
    assert lacking_for_server(mcp_server(), pool(status={"contract": SECOND_CONTRACT})) is None


def test_older_workers_cannot_read_what_a_codec_made() -> None:
    old = ToolCatalogue(contract=SECOND_CONTRACT - 1, tools=())
    with pytest.raises(Stalled, match="payloads are encoded by ours:make") as stalled:
        require_codec(old, "ours:make")
    assert stalled.value.reason is Reason.WORKER_TOO_OLD
    require_codec(old, None)
    require_codec(ToolCatalogue(contract=SECOND_CONTRACT, tools=()), "ours:make")
