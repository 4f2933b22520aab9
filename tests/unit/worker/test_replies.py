"""What the model is told of calls without a result."""

from agents_worker.workflows.floor import tool_names
from agents_worker.workflows.replies import interrupted, not_given
from tests.unit.worker.chats import local
from tests.unit.worker.loops import ROUTE, snapshot


def test_the_model_is_told_what_tools_it_has() -> None:
    assert not_given(tool_names(snapshot("a", ROUTE)), "rob") == "There is no tool rob. Your tools: pay"
    assert not_given(tool_names(local("a", "b")), "rob") == "There is no tool rob. Your tools: handoff_to_b"
    assert not_given((), "rob") == "There is no tool rob. Your tools: none"


def test_the_model_is_told_that_an_interrupted_call_may_have_happened() -> None:
    assert "It may or may not have taken effect" in interrupted(ROUTE)
