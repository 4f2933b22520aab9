"""The smallest things that need a right on TemporalConnections."""

import os
import subprocess
import sys

from agents_crds.v1alpha1 import TemporalConnection
from tests.permissions.scenarios import Stage, Told, was_looked_at, write_status
from tests.user import manifest
from tools.local.ports import free_ports


def connection_says_what_it_waits_for(stage: Stage, name: str) -> Told:
    stage.tenant.apply(manifest("TemporalConnection", name, {"address": f"127.0.0.1:{free_ports(1)[0]}"}))
    return lambda: was_looked_at(stage.tenant.get(TemporalConnection, name))


def result_is_looked_for_where_the_run_is_kept(stage: Stage, name: str) -> Told:
    stage.tenant.apply_run(name, "nobody")
    started = {"workflowId": "x/y/z", "workflowRunId": "r", "temporalConnection": "gone", "finished": True}
    write_status(stage.tenant, f"agentrun/{name}", started)
    printed = subprocess.run(
        (sys.executable, "-m", "agents_operator.result", stage.tenant.namespace, name),
        env=os.environ | dict(stage.operator.service.command.env),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return lambda: "TemporalConnection gone, which does not exist" in printed.stderr
