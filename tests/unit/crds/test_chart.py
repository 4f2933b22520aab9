from dataclasses import replace

from agents_crds.generate.chart import crd_template
from agents_crds.generate.manifest import KINDS


def test_braces_in_a_description_are_no_template() -> None:
    kind = KINDS[0]
    column = replace(kind.columns[0], description="Like {{ .Values.keep }}.")
    template = crd_template(replace(kind, columns=(column,)))
    assert 'Like {{ "{{" }} .Values.keep }}.' in template
