from datetime import timedelta

import pytest

from agents_operator.runs.plan import Shutdown
from agents_operator.runs.shutdown import patience
from agents_operator.temporal.workflows import Look

BUSY = Look(is_open=True, in_flight=True, progress=None)
IDLE = Look(is_open=True, in_flight=False, progress=None)
OVER = Look(is_open=False, in_flight=False, progress=None)


@pytest.mark.parametrize(
    ("look", "shutdown", "passed", "pause"),
    [
        pytest.param(IDLE, "Stop", 2, None, id="nothing in flight"),
        pytest.param(OVER, "Stop", 2, None, id="over"),
        pytest.param(None, "Stop", 2, None, id="lost"),
        pytest.param(BUSY, "Stop", 1, 2, id="in flight"),
        pytest.param(BUSY, "Stop", 30, 30, id="for a while"),
        pytest.param(BUSY, "Stop", 9_000, 60, id="for hours"),
        pytest.param(BUSY, "Cancel", 30, 30, id="cancelled"),
        pytest.param(BUSY, "Cancel", 60, None, id="cancelled without effect"),
    ],
)
def test_what_is_in_flight_is_left_alone(
    look: Look | None, shutdown: Shutdown, passed: int, pause: int | None
) -> None:
    left = patience(
        look,
        shutdown,
        timedelta(seconds=passed),
        grace=timedelta(seconds=2),
        cancel_grace=timedelta(seconds=60),
    )
    assert left == (None if pause is None else timedelta(seconds=pause))
