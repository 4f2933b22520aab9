"""Trace contexts, by https://www.w3.org/TR/trace-context/."""

import pytest

from agents_crds.telemetry.context import TraceContext

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01"),
        (f"00-{TRACE}-{SPAN}-00", f"00-{TRACE}-{SPAN}-00"),
        (f"cc-{TRACE}-{SPAN}-01-what-comes-later", f"00-{TRACE}-{SPAN}-01"),
    ],
)
def test_context_is_read_and_written(given: str, kept: str) -> None:
    assert str(TraceContext.read(given)) == kept


@pytest.mark.parametrize(
    "given",
    [
        "",
        "nonsense",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01\n",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
    ],
)
def test_what_is_no_context_is_none(given: str) -> None:
    assert TraceContext.read(given) is None


@pytest.mark.parametrize(("flags", "sampled"), [("00", False), ("01", True), ("02", False), ("03", True)])
def test_flags_say_whether_it_is_sampled(flags: str, sampled: bool) -> None:  # noqa: FBT001
    assert TraceContext(TRACE, SPAN, flags).is_sampled is sampled


def test_child_is_found_again_by_what_it_is_about() -> None:
    place = TraceContext(TRACE, SPAN)
    first, again, other, joined = (
        place.child(*about) for about in (("a", "b"), ("a", "b"), ("a", "c"), ("ab",))
    )
    assert first == again
    assert len({place.span, first.span, other.span, joined.span}) == 4
    assert TraceContext.read(str(first)) == first


@pytest.mark.parametrize("uid", ["5f0e4f3a-93c5-4b1e-8f0d-2b6a3f0c9d11", "no-uuid", "", "0" * 32])
def test_own_trace_is_well_formed(uid: str) -> None:
    own = TraceContext.own(uid)
    assert TraceContext.read(str(own)) == own


def test_own_trace_is_found_by_its_uid() -> None:
    uid = "5f0e4f3a-93c5-4b1e-8f0d-2b6a3f0c9d11"
    assert TraceContext.own(uid).trace == uid.replace("-", "")
