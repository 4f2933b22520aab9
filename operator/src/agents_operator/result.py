"""Prints the whole result of a run: `python -m agents_operator.result NAMESPACE NAME`."""

import argparse
import asyncio
import json
import os
import sys
from datetime import UTC, datetime

import kopf
from pydantic import JsonValue

from agents_crds.contract.compression import TooLargeError
from agents_crds.contract.connection import (
    TemporalUnavailableError,
    TemporalVariablesError,
)
from agents_crds.contract.cut import is_cut
from agents_crds.contract.names import RunIdentity
from agents_crds.contract.run import RunOutcome
from agents_crds.contract.store import StoreError
from agents_crds.v1alpha1 import AgentRun
from agents_operator.connections.entering import temporal_of
from agents_operator.engine.kopf_settings import kopf_settings
from agents_operator.errors import Stalled, UnsupportedServerError, Waiting
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.connection import find_api_server
from agents_operator.kubernetes.errors import ApiServerError
from agents_operator.kubernetes.resources import AGENT_RUNS
from agents_operator.mistral import ProviderError, provider_http
from agents_operator.runs.at_provider import AtProvider
from agents_operator.runs.closing import collected_outcome, observe_end
from agents_operator.temporal.errors import TemporalUnreachableError
from agents_operator.temporal.histories import NoResultError
from agents_operator.temporal.results import Call, EndedFromOutsideError, Results
from agents_operator.temporal.workflows import Workflows

INCOMPLETE = 3
"""Exit status when what is printed is only the start of the answer."""

_UNPRINTED = (
    ApiServerError,
    ProviderError,
    Stalled,
    StoreError,
    TemporalUnavailableError,
    TemporalUnreachableError,
    TooLargeError,
    Waiting,
)


class Printer:
    """Prints what a run brought; its methods return the exit status."""

    def __init__(self, run: AgentRun, results: Results, workflows: Workflows, provider: AtProvider) -> None:
        self._run = run
        self._namespace = run.metadata.namespace
        self._workflow_id, self._first_run_id = _workflow_of(run)
        self._results = results
        self._workflows = workflows
        self._provider = provider

    async def answer(self) -> int:
        """Print the answer alone."""
        outcome, status = await self._outcome()
        sys.stdout.write(f"{outcome.result.text}\n")
        return status

    async def outcome(self) -> int:
        """Print the outcome with entries and usage as JSON."""
        outcome, status = await self._outcome()
        sys.stdout.write(f"{outcome.model_dump_json(indent=2)}\n")
        return status

    async def calls(self) -> int:
        """Print each call as a line of JSON."""
        async for call in self._results.calls(self._workflow_id, self._first_run_id):
            sys.stdout.write(line_of(call))
        return 0

    async def file(self, file_id: str) -> int:
        """Write a file to stdout as it is."""
        begun = await self._results.begun(self._workflow_id, self._first_run_id)
        async for piece in self._provider.file(self._namespace, begun.loop.agent.provider, file_id):
            sys.stdout.buffer.write(piece)
        return 0

    async def _outcome(self) -> tuple[RunOutcome, int]:
        """Return the outcome, its answer fetched again from the provider where it was cut."""
        try:
            outcome = await self._results.outcome(self._workflow_id)
        except EndedFromOutsideError as error:
            outcome = await self._collected(error)
        result = outcome.result
        if not is_cut(result.text):
            return outcome, 0
        begun = await self._results.begun(self._workflow_id, self._first_run_id)
        try:
            text = await self._provider.answer(self._namespace, begun.loop.agent.provider, result)
        except _UNPRINTED as error:
            _say(
                f"the answer is longer than Temporal takes without a payload store, and is cut where it says "
                f"so: it could not be fetched again from the provider: {error}"
            )
            return outcome, INCOMPLETE
        return outcome.model_copy(update={"result": result.model_copy(update={"text": text})}), 0

    async def _collected(self, error: EndedFromOutsideError) -> RunOutcome:
        """Return what a run had come to that was ended from outside; raise `error` when that is unknown."""
        identity = RunIdentity.of_workflow(self._workflow_id)
        closed = None if identity is None else await observe_end(self._workflows, identity)
        if closed is None or closed.state is None or closed.collected is None:
            raise error
        _say("the workflow was ended from outside: this is what was written until then")
        finished_at = closed.state.close_time or datetime.now(UTC)
        return collected_outcome(self._run, closed.state, closed.collected, finished_at=finished_at)


async def print_result(given: argparse.Namespace) -> int:
    """Print what was asked for; return the exit status."""
    async with find_api_server(kopf_settings()).session() as session, provider_http() as http:
        api = KubernetesApi(session)
        run = await api.get(AGENT_RUNS, given.namespace, given.name)
        if run is None:
            raise NoResultError(f"there is no AgentRun {given.name} in namespace {given.namespace}")
        temporal = await temporal_of(run, api)
        printer = Printer(run, Results(temporal), Workflows(temporal), AtProvider(api, http))
        if given.file:
            return await printer.file(given.file)
        if given.calls:
            return await printer.calls()
        return await (printer.outcome() if given.json else printer.answer())


def line_of(call: Call) -> str:
    """Write a call as a line of JSON."""
    fields: dict[str, JsonValue] = {"activity": call.activity, "request": call.request}
    fields |= {"result": call.result} if call.failure is None else {"failure": call.failure}
    return f"{json.dumps(fields, ensure_ascii=False)}\n"


def run() -> int:
    """Read the arguments and print; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m agents_operator.result", description=__doc__)
    parser.add_argument("namespace")
    parser.add_argument("name", help="of the AgentRun")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the outcome, with entries and usage, as JSON")
    form.add_argument(
        "--calls", action="store_true", help="every call with its request and result, a line each"
    )
    form.add_argument(
        "--file", metavar="ID", help="a file that a tool of the provider made; --json has the ids"
    )
    try:
        return asyncio.run(print_result(parser.parse_args()))
    except (
        *_UNPRINTED,
        kopf.LoginError,
        NoResultError,
        TemporalVariablesError,
        UnsupportedServerError,
    ) as error:
        _say(str(error))
        return 1


def _workflow_of(run: AgentRun) -> tuple[str, str]:
    if run.status.workflow_id is None or run.status.workflow_run_id is None:
        raise NoResultError(f"AgentRun {run.metadata.name} was not started: its conditions say why")
    return run.status.workflow_id, run.status.workflow_run_id


def _say(message: str) -> None:
    sys.stderr.write(f"agents_operator.result: {message}\n")


if __name__ == "__main__":
    status = run()
    sys.stdout.flush()
    sys.stderr.flush()
    # As in __main__: Temporal's core crashes in some interpreter teardowns.
    os._exit(status)
