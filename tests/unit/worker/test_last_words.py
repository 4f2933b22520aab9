"""What a worker leaves behind for the conditions of its pool."""

from pathlib import Path

import pytest

from agents_crds.contract.connection import TemporalVariablesError
from agents_worker.last_words import last_words, leave
from agents_worker.pages import PortTakenError
from agents_worker.settings import SettingsError
from agents_worker.tools.errors import ToolDefinitionError


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ToolDefinitionError("tool pay: rename it"), "the tools cannot be offered: tool pay: rename it"),
        (SettingsError("A: missing"), "the environment is not what a worker needs: A: missing"),
        (TemporalVariablesError("set B"), "the environment is not what a worker needs: set B"),
        (PortTakenError("port 8081 is taken"), "port 8081 is taken"),
    ],
)
def test_what_we_know_says_what_to_do(error: Exception, words: str) -> None:
    assert last_words(error) == words


def test_of_anything_else_only_the_kind_and_the_place_are_told() -> None:
    with pytest.raises(ValueError, match="sk-1") as raised:
        int("sk-1")
    words = last_words(raised.value)
    assert words.startswith("the worker failed: ValueError, test_last_words.py line ")
    assert "sk-1" not in words


def test_words_are_left_where_the_kubelet_looks_and_are_few(tmp_path: Path) -> None:
    file = tmp_path / "termination-log"
    file.touch()
    leave("short", str(file))
    assert file.read_text() == "short"
    leave("x" * 5000, str(file))
    assert len(file.read_text()) == 500


def test_outside_a_pod_nothing_is_left(tmp_path: Path) -> None:
    leave("short", str(tmp_path / "termination-log"))
    assert list(tmp_path.iterdir()) == []
