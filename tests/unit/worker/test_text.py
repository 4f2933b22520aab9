"""Texts that fit into Temporal's payloads."""

import pytest

from agents_crds.contract.cut import json_size, storable
from agents_worker.text import clip, share


@pytest.mark.parametrize("text", ["", "short", "é" * 30, '"' * 50])
def test_a_text_that_fits_stays_whole(text: str) -> None:
    assert clip(text, json_size(text)) == text


@pytest.mark.parametrize("letter", ["a", "é", '"', "\u0000", "😀"])
def test_a_long_text_is_cut_with_a_note_and_then_fits(letter: str) -> None:
    text = letter * 10_000
    cut = clip(text, 2_000)
    assert json_size(cut) <= 2_000
    assert cut.startswith(letter * 100)
    assert f"the whole text of {json_size(text)} bytes" in cut


def test_texts_that_fit_together_stay_whole() -> None:
    assert share(("a" * 900, "b"), 1_000) == ("a" * 900, "b")


def test_texts_that_do_not_fit_together_get_equal_parts() -> None:
    long, short = share(("a" * 900, "b" * 400), 1_000)
    assert json_size(long) <= 500
    assert short == "b" * 400


def test_lone_surrogates_are_replaced() -> None:
    assert storable("a\ud800b") == "a?b"
