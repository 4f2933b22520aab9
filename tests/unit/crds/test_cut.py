"""Texts that were cut become whole again, or say that they do not."""

import pytest

from agents_crds.contract.cut import is_cut, restored, storable
from agents_worker.text import clip, share

LONG = "".join(f"{number} é\n" for number in range(2_000))
OTHER = LONG[::-1]


def test_a_text_that_was_cut_says_so() -> None:
    assert not is_cut(LONG)
    assert is_cut(clip(LONG, 5_000))


@pytest.mark.parametrize(
    ("texts", "limit"),
    [
        ((LONG,), 5_000),
        ((LONG, OTHER), 9_000),
        (("A word before.", LONG, "…and after"), 9_000),
        ((LONG, "short", LONG + "!"), 9_000),
        (("a\ud800" * 3_000,), 5_000),
    ],
    ids=["one", "two", "among others", "two that begin alike", "surrogates"],
)
def test_it_becomes_whole_again(texts: tuple[str, ...], limit: int) -> None:
    kept = tuple(map(storable, texts))
    cut = "\n\n".join(share(kept, limit))
    assert is_cut(cut)
    assert restored(cut, ("hello", *texts, "bye")) == "\n\n".join(kept)


@pytest.mark.parametrize(
    "wholes", [(), ("short",), (LONG + "x",), ("x" * len(LONG),)], ids=["none", "short", "longer", "other"]
)
def test_it_stays_cut_without_the_whole(wholes: tuple[str, ...]) -> None:
    assert restored(clip(LONG, 5_000), wholes) is None


def test_another_text_of_the_same_size_is_not_taken_for_it() -> None:
    assert restored(clip(LONG, 5_000), (LONG.replace("0", "1"),)) is None


def test_a_text_that_was_not_cut_is_itself() -> None:
    assert restored("4 %", ()) == "4 %"
