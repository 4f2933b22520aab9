"""Deletes the conversations at providers of which no AgentRun is left."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

from agents_crds.contract.names import (
    INSTALLATION_KEY,
    NAME_KEY,
    NAMESPACE_KEY,
    RETENTION_KEY,
    UID_KEY,
    WORKFLOW_KEY,
)
from agents_crds.v1alpha1 import AgentRun, ModelProvider
from agents_operator.conversations.traces import RUN_TRACES, Traces
from agents_operator.engine.outages import OUTAGES
from agents_operator.engine.served import Namespaces
from agents_operator.engine.world import World
from agents_operator.errors import Waiting
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.mistral import Conversation, MistralConversations, ProviderError
from agents_operator.providers.access import ProviderAccess


class ConversationSweep:
    """Looks through the accounts of all ModelProviders, one after the other."""

    def __init__(
        self,
        world: World,
        api: KubernetesApi,
        providers: ProviderAccess,
        is_open: Callable[[str, str], Awaitable[bool]],
        namespaces: Namespaces,
        *,
        installation: str,
        settled: timedelta,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        """`is_open` tells of namespace and id of a workflow of a user's own whether it may still go on."""
        self._world = world
        self._api = api
        self._providers = providers
        self._is_open = is_open
        self._namespaces = namespaces
        self._installation = installation
        self._settled = settled
        self._now = now
        self._logger = logger

    async def sweep(self) -> None:
        """Do it once; what cannot be looked through stays until the next time."""
        seen: set[str] = set()
        known: dict[str, Traces] = {}
        for provider in self._world.providers:
            try:
                await self._sweep(provider, seen, known)
            except (Waiting, ProviderError, *OUTAGES) as error:
                self._logger.warning(
                    "modelprovider %s/%s: conversations that nobody uses stay for now: %s",
                    provider.metadata.namespace,
                    provider.metadata.name,
                    error,
                )

    async def _sweep(self, provider: ModelProvider, seen: set[str], known: dict[str, Traces]) -> None:
        if provider.spec.protocol != "Mistral":
            return
        account = await self._providers.open_conversations(provider)
        if account.fingerprint in seen:
            return
        seen.add(account.fingerprint)
        marks = {INSTALLATION_KEY: self._installation, RETENTION_KEY: "Delete"}
        before = self._now() - self._settled
        for conversation in settled(await account.marked(marks), self._namespaces(), before=before):
            if not await self._is_used(conversation, known):
                await self._delete(account, conversation)

    async def _is_used(self, conversation: Conversation, known: dict[str, Traces]) -> bool:
        workflow_id = conversation.metadata.get(WORKFLOW_KEY)
        namespace = conversation.metadata[NAMESPACE_KEY]
        if workflow_id is not None:
            return await self._is_open(namespace, workflow_id)
        if namespace not in known:
            known[namespace] = await self._traces(namespace)
        return known[namespace].lead_to(conversation) or await self._is_used_now(conversation)

    async def _traces(self, namespace: str) -> Traces:
        """List the AgentRuns of a namespace; a failure in the middle raises."""
        uids, conversations = set[str](), set[str]()
        async for page in self._api.pages(RUN_TRACES, namespace=namespace):
            for run in page:
                uids.add(run.metadata.uid)
                conversations.add(run.status.conversation_id or "")
        return Traces(frozenset(uids), frozenset(conversations))

    async def _is_used_now(self, conversation: Conversation) -> bool:
        """Ask again, since the list may be old by now: runs come, and go on with conversations."""
        if any(may_use(run, conversation) for run in self._world.runs):
            return True
        marks = conversation.metadata
        run = await self._api.get(RUN_TRACES, marks[NAMESPACE_KEY], marks.get(NAME_KEY, "-"))
        return run is not None and run.metadata.uid == marks.get(UID_KEY)

    async def _delete(self, account: MistralConversations, conversation: Conversation) -> None:
        await account.delete(conversation.id)
        self._logger.info(
            "deleted conversation %s of %s/%s, which is gone",
            conversation.id,
            conversation.metadata.get(NAMESPACE_KEY),
            conversation.metadata.get(NAME_KEY),
        )


def may_use(run: AgentRun, conversation: Conversation) -> bool:
    """Tell whether a run that goes is in a conversation, or may still have to branch off from it.

    Of which one it is a branch, its status does not tell.
    """
    if run.status.conversation_id == conversation.id:
        return True
    continues = run.spec.continue_from
    is_branch = continues is not None and continues.fork and run.status.workflow_id is not None
    return is_branch and run.metadata.namespace == conversation.metadata.get(NAMESPACE_KEY)


def settled(
    conversations: Iterable[Conversation], namespaces: tuple[str | None, ...], *, before: datetime
) -> tuple[Conversation, ...]:
    """Choose those that are old enough, of namespaces that are served."""
    return tuple(
        conversation
        for conversation in conversations
        if conversation.created_at < before
        and (namespace := conversation.metadata.get(NAMESPACE_KEY))
        and (None in namespaces or namespace in namespaces)
    )
