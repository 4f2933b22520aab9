import pytest

from agents_operator.runs.traces import traceparent
from tests.unit.operator.objects import Manifest, run

UID = "5f0e4f3a-93c5-4b1e-8f0d-2b6a3f0c9d11"
OWN = "00-5f0e4f3a93c54b1e8f0d2b6a3f0c9d11-"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def of(given: str | None) -> str:
    annotations: Manifest = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    if given is not None:
        annotations["traceparent"] = given
    return traceparent(run(uid=UID, annotations=annotations).metadata)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01"),
        (f"00-{TRACE}-{SPAN}-00", f"00-{TRACE}-{SPAN}-00"),
        (f"cc-{TRACE}-{SPAN}-01-what-comes-later", f"00-{TRACE}-{SPAN}-01"),
    ],
)
def test_run_joins_the_trace_of_its_annotation(given: str, kept: str) -> None:
    assert of(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "nonsense",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01\n",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
    ],
)
def test_run_without_a_trace_has_one_that_is_found_by_its_uid(given: str | None) -> None:
    assert of(given).startswith(OWN)
    assert of(given) == of(None)


@pytest.mark.parametrize("uid", [UID, "no-uuid", ""])
def test_own_trace_is_well_formed(uid: str) -> None:
    own = traceparent(run(uid=uid).metadata)
    assert traceparent(run(uid="other", annotations={"traceparent": own}).metadata) == own
