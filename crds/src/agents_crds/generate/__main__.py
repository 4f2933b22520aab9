"""Writes the generated files: `python -m agents_crds.generate [ROOT]`, ROOT being the repository's."""

import sys
from pathlib import Path

import yaml

from agents_crds.generate.chart import crd_template
from agents_crds.generate.conditions import conditions_page
from agents_crds.generate.manifest import KINDS, custom_resource_definition
from agents_crds.v1alpha1 import GROUP

HEADER = "# Generated from the models in crds/src/agents_crds/v1alpha1 by `make generate`.\n"


def main(root: Path) -> None:
    """Write a CRD for each kind, as a manifest and in a chart, and the page of conditions and reasons."""
    manifests, docs = root / "crds" / "manifests", root / "docs"
    templates = root / "charts" / "durable-agents-crds" / "templates"
    for directory in (manifests, docs, templates):
        directory.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        file = f"{GROUP}_{kind.plural}.yaml"
        manifest = yaml.safe_dump(custom_resource_definition(kind), sort_keys=False, width=110)
        (manifests / file).write_text(HEADER + manifest, encoding="utf-8")
        (templates / file).write_text(HEADER + crd_template(kind), encoding="utf-8")
    (docs / "conditions.md").write_text(conditions_page(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
