import pytest

from tests.gitops.judging import Judge, shipped_expressions, shipped_scripts
from tools.console import Console
from tools.parts.catalog import Part
from tools.parts.obtain import obtain_parts


@pytest.fixture(scope="session")
def judge() -> Judge:
    [program] = obtain_parts([Part.GITOPS_HEALTH], Console()).values()
    return Judge(program, shipped_scripts(), shipped_expressions())
