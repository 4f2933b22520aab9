"""`python -m tools.metrics`: write the chart's dashboard, and the list of metrics in docs/metrics.md."""

import json

from tools.charts.tables import with_table
from tools.metrics.catalogue import Listed, listed_metrics
from tools.metrics.dashboard import made_dashboard
from tools.parts.catalog import ROOT

DASHBOARD = ROOT / "charts" / "durable-agents" / "files" / "dashboard.json"
PAGE = ROOT / "docs" / "metrics.md"
BEGIN = "<!-- metrics: made from the code by `make generate` -->\n"
END = "<!-- end of metrics -->\n"


def metrics_table(metrics: tuple[Listed, ...]) -> str:
    """Return the metrics as a Markdown table."""
    rows = "".join(
        f"| `{each.name}` | {each.type} | {', '.join(f'`{label}`' for label in each.labels)} | {each.of} "
        f"| {each.help} |\n"
        for each in metrics
    )
    return f"| metric | type | labels | of | what it is |\n|---|---|---|---|---|\n{rows}"


def main() -> None:
    """Write both."""
    DASHBOARD.write_text(json.dumps(made_dashboard(), indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(with_table(PAGE.read_text(), metrics_table(listed_metrics()), begin=BEGIN, end=END))


if __name__ == "__main__":
    main()
