"""Prints the whole result of a run: `python -m agents_operator.result NAMESPACE NAME`."""

import argparse
import asyncio
import json
import os
import sys

import kopf
from pydantic import JsonValue

from agents_crds.contract.connection import (
    TemporalConnection,
    TemporalUnavailableError,
    TemporalVariablesError,
)
from agents_crds.contract.store import StoreError
from agents_operator.engine.kopf_settings import kopf_settings
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.connection import find_api_server
from agents_operator.kubernetes.errors import ApiServerError
from agents_operator.kubernetes.resources import AGENT_RUNS
from agents_operator.temporal.connection import connect
from agents_operator.temporal.errors import TemporalUnreachableError
from agents_operator.temporal.results import Call, NoResultError, Results


async def print_result(namespace: str, name: str, *, whole: bool, calls: bool) -> None:
    """Print the answer, the whole outcome as JSON, or each call as a line of JSON."""
    workflow_id, run_id = await find_workflow(namespace, name)
    results = Results(await connect(TemporalConnection.of_environment(os.environ)))
    if calls:
        async for call in results.calls(workflow_id, run_id):
            sys.stdout.write(line_of(call))
        return
    outcome = await results.outcome(workflow_id)
    text = outcome.model_dump_json(indent=2) if whole else outcome.result.text
    sys.stdout.write(f"{text}\n")


async def find_workflow(namespace: str, name: str) -> tuple[str, str]:
    """Return the ids of an AgentRun's workflow and of its first execution; raise NoResultError."""
    async with find_api_server(kopf_settings()).session() as session:
        run = await KubernetesApi(session).get(AGENT_RUNS, namespace, name)
    if run is None:
        raise NoResultError(f"there is no AgentRun {name} in namespace {namespace}")
    if run.status.workflow_id is None or run.status.workflow_run_id is None:
        raise NoResultError(f"AgentRun {name} was not started: its conditions say why")
    return run.status.workflow_id, run.status.workflow_run_id


def line_of(call: Call) -> str:
    """Write a call as a line of JSON."""
    fields: dict[str, JsonValue] = {"activity": call.activity, "request": call.request}
    fields |= {"result": call.result} if call.failure is None else {"failure": call.failure}
    return f"{json.dumps(fields, ensure_ascii=False)}\n"


def run() -> None:
    """Read the arguments, and exit with a message when there is nothing to print."""
    parser = argparse.ArgumentParser(prog="python -m agents_operator.result", description=__doc__)
    parser.add_argument("namespace")
    parser.add_argument("name", help="of the AgentRun")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the outcome, with entries and usage, as JSON")
    form.add_argument(
        "--calls", action="store_true", help="every call with its request and result, a line each"
    )
    given = parser.parse_args()
    try:
        asyncio.run(print_result(given.namespace, given.name, whole=given.json, calls=given.calls))
    except (
        ApiServerError,
        kopf.LoginError,
        NoResultError,
        StoreError,
        TemporalUnavailableError,
        TemporalUnreachableError,
        TemporalVariablesError,
    ) as error:
        sys.exit(f"agents_operator.result: {error}")


if __name__ == "__main__":
    run()
    sys.stdout.flush()
    # As in __main__: Temporal's core crashes in some interpreter teardowns.
    os._exit(0)
