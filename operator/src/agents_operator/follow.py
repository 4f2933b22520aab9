"""Prints what happens or happened in a run: `python -m agents_operator.follow NAMESPACE NAME`."""

import argparse
import asyncio
import os
import sys

import kopf
from temporalio.client import Client

from agents_crds.contract.connection import (
    TemporalAccess,
    TemporalUnavailableError,
    TemporalVariablesError,
)
from agents_crds.contract.store import StoreError
from agents_crds.v1alpha1 import AgentRun, ConditionType
from agents_operator.connections.entering import temporal_of
from agents_operator.engine.conditions import find
from agents_operator.engine.kopf_settings import kopf_settings
from agents_operator.errors import Stalled, UnsupportedServerError, Waiting
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.connection import find_api_server
from agents_operator.kubernetes.errors import ApiServerError
from agents_operator.kubernetes.resources import AGENT_RUNS
from agents_operator.shown import shown
from agents_operator.temporal.connection import connect
from agents_operator.temporal.errors import TemporalUnreachableError
from agents_operator.temporal.following import happenings
from agents_operator.temporal.histories import NoResultError
from agents_operator.told import json_line, line

_LOOK_AGAIN_SECONDS = 1.0


async def follow(namespace: str, name: str, *, as_json: bool) -> None:
    """Print what happens until the run is over; one that has not started is waited for."""
    async with find_api_server(kopf_settings()).session() as session:
        api = KubernetesApi(session)
        run = await started(api, namespace, name)
        client = await temporal_of(run, api)
    await tell(client, run.status.workflow_id or "", run.status.workflow_run_id, as_json=as_json)


async def follow_workflow(workflow_id: str, *, as_json: bool) -> None:
    """Print what happens in a workflow that runs a loop by itself, in the operator's own Temporal."""
    client = await connect(TemporalAccess.of_environment(os.environ))
    await tell(client, workflow_id, None, as_json=as_json)


async def tell(client: Client, workflow_id: str, run_id: str | None, *, as_json: bool) -> None:
    """Print what happens in a workflow until it is over."""
    day = ""
    async for happening in happenings(client, workflow_id, run_id):
        if as_json:
            sys.stdout.write(json_line(happening))
        else:
            if day != (day := f"{happening.at:%Y-%m-%d} UTC"):
                sys.stdout.write(f"{day}\n")
            sys.stdout.write(line(happening))
        sys.stdout.flush()


async def started(api: KubernetesApi, namespace: str, name: str) -> AgentRun:
    """Wait until an AgentRun has a workflow; return it."""
    waits = ""
    while True:
        run = await api.get(AGENT_RUNS, namespace, name)
        if run is None:
            raise NoResultError(f"there is no AgentRun {name} in namespace {namespace}")
        if run.status.workflow_id is not None and run.status.workflow_run_id is not None:
            return run
        why = why_not_started(run)
        if run.status.finished:
            raise NoResultError(f"AgentRun {name} ended before it was started: {why}")
        if waits != (waits := why):
            sys.stderr.write(f"not started yet: {why}\n")
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


def why_not_started(run: AgentRun) -> str:
    """Say what a run waits for, as its conditions do."""
    found = find(run.status.conditions, ConditionType.SUCCEEDED)
    return shown(f"{found.reason}: {found.message}" if found else "Pending")


def run() -> None:
    """Read the arguments, and exit with a message when there is nothing to follow."""
    parser = argparse.ArgumentParser(prog="python -m agents_operator.follow", description=__doc__)
    parser.add_argument("namespace", nargs="?")
    parser.add_argument("name", nargs="?", help="of the AgentRun")
    parser.add_argument("--workflow", metavar="ID", help="instead: a workflow that runs an agent by itself")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each thing, uncut")
    given = parser.parse_args()
    if (given.name is None) == (given.workflow is None):
        parser.error("NAMESPACE and NAME are needed, or --workflow")
    following = (
        follow(given.namespace, given.name, as_json=given.json)
        if given.workflow is None
        else follow_workflow(given.workflow, as_json=given.json)
    )
    try:
        asyncio.run(following)
    except (
        ApiServerError,
        kopf.LoginError,
        NoResultError,
        Stalled,
        StoreError,
        TemporalUnavailableError,
        TemporalUnreachableError,
        TemporalVariablesError,
        UnsupportedServerError,
        Waiting,
    ) as error:
        sys.exit(f"agents_operator.follow: {error}")


if __name__ == "__main__":
    code = 0
    try:
        run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:  # as when piped to `head`
        code = 141
    # As in __main__: Temporal's core crashes in some interpreter teardowns.
    os._exit(code)
