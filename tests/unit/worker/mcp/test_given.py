from pathlib import Path

import pytest
from pydantic import JsonValue

from agents_crds.contract.mcp import NamedValue
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.mcp.failed import ServerFailed
from agents_worker.mcp.given import Given, read_environment, read_headers


def write(directory: Path, text: str) -> NamedValue:
    (directory / "tools").mkdir()
    (directory / "tools" / "token").write_text(text)
    return NamedValue(name="X-Token", secret_path="tools/token")


def test_header_is_read_without_the_line_break_at_its_end_and_with_its_prefix(tmp_path: Path) -> None:
    header = write(tmp_path, "abcdefgh\n").model_copy(update={"prefix": "Bearer "})
    given = read_headers((header, NamedValue(name="X-Team", value="ops")), tmp_path)
    assert given.values == {"X-Token": "Bearer abcdefgh", "X-Team": "ops"}
    assert given.secrets == ("abcdefgh",)


def test_variable_is_what_the_secret_holds_to_the_letter(tmp_path: Path) -> None:
    given = read_environment((write(tmp_path, "line 1\nline 2\n"),), tmp_path)
    assert given.values == {"X-Token": "line 1\nline 2\n"}


def test_secret_is_read_anew_each_time(tmp_path: Path) -> None:
    header = write(tmp_path, "before")
    assert read_headers((header,), tmp_path).values["X-Token"] == "before"
    (tmp_path / "tools" / "token").write_text("after")
    assert read_headers((header,), tmp_path).values["X-Token"] == "after"


@pytest.mark.parametrize(
    ("text", "words"),
    [("a\nb", "no header can carry"), ("schlüssel", "no header can carry"), (" \n", "is empty")],
)
def test_secret_that_no_header_can_carry_names_the_key_and_not_its_value(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(ServerFailed, match=f"key token of Secret tools .*{words}") as failed:
        read_headers((write(tmp_path, text),), tmp_path)
    assert failed.value.reason == Reason.SECRET_INVALID
    assert text not in failed.value.message


def test_secrets_are_masked_also_where_json_spells_them_otherwise() -> None:
    given = Given({}, ('p"ss\nword', "p"))
    assert given.mask('raw p"ss\nword, json "p\\"ss\\nword"').count("[secret]") >= 2
    assert 'p\\"ss' not in given.mask('"p\\"ss\\nword"')


def test_longer_secret_is_masked_before_the_one_that_it_begins_with() -> None:
    assert Given({}, ("token", "token-2")).mask("token-2 token") == "[secret] [secret]"


def test_names_of_fields_stay_what_they_are() -> None:
    given = Given({}, ("properties",))
    schema: JsonValue = {"properties": {"properties": {"title": "of properties"}}, "required": ["properties"]}
    assert given.mask_texts(schema) == {
        "properties": {"properties": {"title": "of [secret]"}},
        "required": ["[secret]"],
    }


def test_what_is_too_short_to_be_a_secret_spoils_no_text(tmp_path: Path) -> None:
    given = read_headers((write(tmp_path, "a"),), tmp_path)
    assert given.mask("a banana") == "a banana"
