"""`python -m tools.charts`: write the table of values into each chart's README."""

from tools.charts.tables import read_values, values_table, with_table
from tools.parts.catalog import ROOT


def main() -> None:
    """Rewrite the tables; the rest of the pages stays."""
    for values in sorted((ROOT / "charts").glob("*/values.yaml")):
        page = values.parent / "README.md"
        table = values_table(read_values(values.read_text()))
        page.write_text(with_table(page.read_text(), table))


if __name__ == "__main__":
    main()
