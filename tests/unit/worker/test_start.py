"""What a worker loads before it serves: a pool at zero waits for it."""

import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    """The modules of a worker that is about to serve."""
    script = "import sys, agents_worker.__main__; print(*sys.modules)"
    done = subprocess.run((sys.executable, "-c", script), capture_output=True, text=True, check=True)
    return frozenset(done.stdout.split())


@pytest.mark.parametrize("module", ["mistralai", "jsonschema", "mcp", "opentelemetry", "cryptography"])
def test_what_only_some_runs_need_is_not_loaded(loaded: frozenset[str], module: str) -> None:
    assert module not in loaded


@pytest.mark.parametrize("kind", ["agent", "agentrun", "mcpserver", "modelprovider", "workerpool"])
def test_the_kinds_that_only_the_operator_reads_are_not_loaded(loaded: frozenset[str], kind: str) -> None:
    assert f"agents_crds.v1alpha1.{kind}" not in loaded
