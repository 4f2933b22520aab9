"""What docs/tools.md promises the authors of tools."""

import hashlib
import hmac
import re
from pathlib import Path

import yaml

from agents_crds.v1alpha1 import AgentRun
from tests.component.tenant import NewTenant
from tests.page import PAGE, modules_of_the_page
from tests.user import Manifest
from tools.parts.catalog import ROOT

BANK_KEY = "key-of-the-bank-1d2e77a09c41f3b8"


def test_a_tool_reads_a_secret_from_the_file_that_its_pool_mounts(
    new_tenant: NewTenant, tmp_path: Path
) -> None:
    tenant = new_tenant()
    modules_of_the_page(tmp_path)
    secret: Manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bank"}}
    tenant.apply({**secret, "stringData": {"key": BANK_KEY}}, pool_of_the_page(tmp_path))
    tenant.wait("workerpool/bank", "Ready")
    tenant.ready_agent("clerk", workerPoolRef={"name": "bank"}, tools=[{"function": {"name": "sign_order"}}])
    run: AgentRun = tenant.finished_run("order", "clerk", "Please sign the order 'A-17'.")
    assert run.status.output is not None
    assert hmac.new(BANK_KEY.encode(), b"A-17", hashlib.sha256).hexdigest() in run.status.output.text


def pool_of_the_page(modules: Path) -> Manifest:
    """The pool as the page has it, with its module where an image would have it."""
    [text] = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    variables = {"WORKER_MODULES": "orders", "PYTHONPATH": f"{ROOT}:{modules}"}
    in_image = "".join(
        f"\n            - {{name: {name}, value: '{value}'}}" for name, value in variables.items()
    )
    assert text.count("env:") == 1
    pool: Manifest = yaml.safe_load(text.replace("env:", f"env:{in_image}"))
    return pool
