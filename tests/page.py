"""docs/tools.md, the page for the authors of tools."""

import re
from pathlib import Path

from tools.parts.catalog import ROOT

PAGE = ROOT / "docs" / "tools.md"


def modules_of_the_page(folder: Path) -> dict[str, Path]:
    """Write the Python modules that the page shows to a folder; return them by name."""
    blocks = re.findall(r"^```python\n# (\w+)\.py\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    assert len(blocks) == PAGE.read_text().count("```python"), "a block does not begin with its file's name"
    written = {name: folder / f"{name}.py" for name, _ in blocks}
    for name, code in blocks:
        written[name].write_text(code)
    return written
