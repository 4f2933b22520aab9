import pytest
from pydantic import JsonValue

from agents_operator.shown import printable, shown


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("Grüße, 世界 🌍\n\tend", "Grüße, 世界 🌍\n\tend"),
        ("\x1b]0;title\x07\x9b31m\x7f", "]0;title31m"),
        ("\u202eabc\u2066\U000e0041\ud800\uffff", "abc"),
        ({"a\x00": ["\x08b", 1, None, True]}, {"a": ["b", 1, None, True]}),
    ],
    ids=["what is seen", "what terminals obey", "what is not seen", "within JSON"],
)
def test_what_people_do_not_see_is_left_out(value: JsonValue, seen: JsonValue) -> None:
    assert shown(value) == seen


def test_what_a_user_meant_keeps_what_only_readers_do_not_see() -> None:
    written: JsonValue = {"flag": "\U0001f3f4\U000e0067\U000e007f", "right to left": "\u2067abc\u2069"}
    assert printable(written) == written
    assert printable("\x1b[31m\x7fred\n") == "[31mred\n"
