import pytest

from tools.charts.tables import BEGIN, END, Value, read_values, values_table, with_table
from tools.parts.catalog import ROOT

VALUES = """
# A section.
server:
  # Where it is,
  # or empty.
  address: ""
  # How much it gets.
  resources:
    requests: {cpu: 50m}
# Some names.
names: [a, b]
unexplained: 3
"""


def test_values_are_read_with_the_comments_above_them() -> None:
    assert read_values(VALUES) == [
        Value("server", None, "A section."),
        Value("server.address", '""', "Where it is, or empty."),
        Value("server.resources", '{"requests": {"cpu": "50m"}}', "How much it gets."),
        Value("names", '["a", "b"]', "Some names."),
        Value("unexplained", "3", ""),
    ]


def test_a_bar_in_a_description_does_not_end_the_cell() -> None:
    assert r"this \| that" in values_table([Value("a", "1", "this | that")])


def test_only_what_is_between_the_marks_is_replaced() -> None:
    page = f"before\n{BEGIN}old\n{END}after\n"
    once = with_table(page, "table\n")
    assert once == f"before\n{BEGIN}\ntable\n\n{END}after\n"
    assert with_table(once, "table\n") == once


def test_a_page_without_marks_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="the page lacks"):
        with_table("# A page\n", "table\n")


@pytest.mark.parametrize("chart", ["durable-agents", "durable-agents-crds"])
def test_tables_in_the_readmes_are_as_the_values_say(chart: str) -> None:
    directory = ROOT / "charts" / chart
    page = (directory / "README.md").read_text()
    assert page == with_table(page, values_table(read_values((directory / "values.yaml").read_text())))
