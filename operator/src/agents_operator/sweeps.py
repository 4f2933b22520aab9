"""Makes what the leader does again and again."""

from datetime import timedelta

from agents_operator.agents.orphans import CONFIGMAP as ORPHANS
from agents_operator.agents.sources import ConfigMapTexts
from agents_operator.clients import Shared
from agents_operator.conversations import ConversationSweep
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.repeat import Sweep
from agents_operator.engine.world import Key
from agents_operator.kubernetes.configmaps import ConfigMaps
from agents_operator.pools.abandoned import BuildSweep
from agents_operator.providers import ProviderReconciler
from agents_operator.runs.expiry import RunExpiry
from agents_operator.runs.progress import ProgressReport
from agents_operator.runs.record import Outcomes
from agents_operator.runs.sweep import RunSweep


def sweeps(
    shared: Shared,
    runs: WorkQueue[Key],
    outcomes: Outcomes,
    progress: ProgressReport,
    *,
    providers: ProviderReconciler,
    texts: ConfigMapTexts,
) -> tuple[tuple[timedelta, Sweep], ...]:
    """Return each sweep, with the time between two of it."""
    settings = shared.settings
    expiry = RunExpiry(shared.clients.api, shared.served.now, now=shared.now, logger=shared.logger)
    return (
        (settings.build_interval, _builds(shared).sweep),
        (settings.source_interval, texts.sweep),
        (settings.conversation_interval, _conversations(shared, providers).sweep),
        (settings.sweep_interval, expiry.sweep),
        (settings.sweep_interval, _runs(shared, runs, outcomes, progress).sweep),
        (settings.sweep_interval, _orphans(shared)),
    )


def _runs(shared: Shared, queue: WorkQueue[Key], outcomes: Outcomes, progress: ProgressReport) -> RunSweep:
    return RunSweep(
        shared.world,
        queue,
        shared.servers,
        outcomes,
        progress,
        installation=shared.installation,
        settled=shared.settings.sweep_settled,
        writes=shared.settings.progress_writes,
        now=shared.now,
        logger=shared.logger,
    )


def _builds(shared: Shared) -> BuildSweep:
    return BuildSweep(
        shared.world,
        shared.clients.api,
        shared.servers,
        shared.served.now,
        installation=shared.installation,
        settled=shared.settings.sweep_settled,
        now=shared.now,
        logger=shared.logger,
    )


def _conversations(shared: Shared, providers: ProviderReconciler) -> ConversationSweep:
    return ConversationSweep(
        shared.world,
        shared.clients.api,
        providers.access,
        shared.servers.may_be_open,
        shared.served.now,
        installation=shared.installation,
        settled=shared.settings.conversation_settled,
        now=shared.now,
        logger=shared.logger,
    )


def _orphans(shared: Shared) -> Sweep:
    configmaps = ConfigMaps(shared.clients.api, shared.settings.namespace)

    async def count() -> None:
        shared.measures.orphans.set(len(await configmaps.read_all(ORPHANS)))

    return count
