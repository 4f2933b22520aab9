"""What the model is told of calls without a result."""

from agents_worker.workflows.replies import interrupted, not_given
from tests.unit.worker.loops import ROUTE


def test_the_model_is_told_what_tools_it_has() -> None:
    assert not_given((ROUTE,), "rob") == "There is no tool rob. Your tools: pay"
    assert not_given((), "rob") == "There is no tool rob. Your tools: none"


def test_the_model_is_told_that_an_interrupted_call_may_have_happened() -> None:
    assert "It may or may not have taken effect" in interrupted(ROUTE)
