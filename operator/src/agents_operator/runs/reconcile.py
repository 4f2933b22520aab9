"""Starts AgentRuns, and stops the workflows of those that are deleted."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from agents_crds.contract.names import RunIdentity
from agents_crds.v1alpha1 import AgentRun
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Key, World
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.configmaps import ConfigMapReader
from agents_operator.kubernetes.resources import AGENT_RUNS
from agents_operator.runs.input import read_opening
from agents_operator.runs.plan import Cancel, Keep, NewWorkflow, Start, new_workflow, plan_run
from agents_operator.runs.status import started_status
from agents_operator.temporal.workflows import Workflows


class RunReconciler:
    """Reconciles AgentRuns."""

    def __init__(
        self,
        world: World,
        settle: Settle[AgentRun],
        api: KubernetesApi,
        workflows: Workflows,
        *,
        installation: str,
        cancel_grace: timedelta,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._world = world
        self._settle = settle
        self._api = api
        self._configmaps = ConfigMapReader(api)
        self._workflows = workflows
        self._installation = installation
        self._cancel_grace = cancel_grace
        self._now = now
        self._logger = logger
        self._cancelled: dict[Key, datetime] = {}

    async def reconcile(self, key: Key) -> timedelta | None:
        """Bring one run forward; return when to look again."""
        if self._world.runs.get(key) is None:
            return await self._departed(key)
        return await self._settle.run(key, self._sync)

    async def _sync(self, run: AgentRun) -> timedelta | None:
        match plan_run(run, self._world, installation=self._installation):
            case Keep():
                return None
            case Cancel():
                return await self._stop(Key.of(run))
            case Start(snapshot):
                opening = await read_opening(run, self._configmaps, now=self._now())
                await self._start(run, new_workflow(run, snapshot, opening, installation=self._installation))
                return None

    async def _start(self, run: AgentRun, new: NewWorkflow) -> None:
        started = await self._workflows.start(
            new.identity, new.queue, new.run_input, new.memo, self._now(), plain=new.plain
        )
        self._logger.info(
            "agentrun %s: %s workflow %s",
            Key.of(run),
            "started" if started.fresh else "found",
            new.identity.workflow_id,
        )
        await self._settle.write(run, started_status(run, new.identity.workflow_id, started))

    async def _departed(self, key: Key) -> timedelta | None:
        """Stop the workflow of a run that is gone.

        A run also leaves the watch when it finishes. When the watch said so before the answer to our own
        write did, that answer has come by now; otherwise only a GET can tell the two apart.
        """
        if self._world.runs.has_left(key) or await self._is_there(key):
            self._cancelled.pop(key, None)
            return None
        return await self._stop(key)

    async def _is_there(self, key: Key) -> bool:
        stored = await self._api.get(AGENT_RUNS, key.namespace, key.name)
        return stored is not None and stored.metadata.uid == key.uid

    async def _stop(self, key: Key) -> timedelta | None:
        """Cancel the workflow, and terminate it when it is still open after the grace period.

        A cancel needs a worker, and none may be left.
        """
        identity = RunIdentity(self._installation, key.namespace, key.uid)
        since = self._cancelled.get(key)
        if since is None or self._now() - since < self._cancel_grace:
            if await self._workflows.cancel(identity):
                self._cancelled.setdefault(key, self._now())
                return self._cancel_grace
        elif await self._workflows.terminate(
            identity, "its AgentRun was deleted and the cancel had no effect"
        ):
            self._logger.warning("agentrun %s: terminated workflow %s", key, identity.workflow_id)
        self._cancelled.pop(key, None)
        return None
