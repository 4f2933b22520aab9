"""How the loop calls its activities."""

from datetime import timedelta

import pytest
from temporalio import exceptions
from temporalio.exceptions import ApplicationError, TimeoutType

from agents_crds.contract.run import ToolRoute
from agents_worker.sessions.providers import CALL_TIMEOUT
from agents_worker.sessions.verdict import Patience
from agents_worker.workflows.calls import MODEL_CALL, without_result

ROUTE = ToolRoute(name="pay", queue="q", idempotent=False, timeout=timedelta(minutes=1))


def timed_out(kind: TimeoutType) -> exceptions.TimeoutError:
    return exceptions.TimeoutError("timed out", type=kind, last_heartbeat_details=())


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (timed_out(TimeoutType.START_TO_CLOSE), "pay did not finish within 1m and was given up. "),
        (timed_out(TimeoutType.HEARTBEAT), "The call of pay was interrupted, because its worker stopped. "),
        (
            timed_out(TimeoutType.SCHEDULE_TO_START),
            "The call of pay was interrupted, because its worker stopped. ",
        ),
        (
            timed_out(TimeoutType.SCHEDULE_TO_CLOSE),
            "The call of pay was interrupted, because its worker stopped. ",
        ),
        (
            ApplicationError("2 MB is too much", type="PayloadsTooLarge"),
            "The call of pay failed in its worker: PayloadsTooLarge: 2 MB is too much. ",
        ),
        (
            ApplicationError("Activity function call_tool is not registered", type="NotFoundError"),
            "The call of pay failed in its worker: NotFoundError: Activity function call_tool is not "
            "registered. ",
        ),
    ],
)
def test_the_model_is_told_what_happened_to_a_call(cause: Exception, told: str) -> None:
    doubt = "It may or may not have taken effect: find out before you call it again"
    assert without_result(ROUTE, cause) == told + doubt


def test_an_attempt_has_time_for_an_earlier_one_and_for_its_own_call() -> None:
    assert Patience().settle + CALL_TIMEOUT < MODEL_CALL
