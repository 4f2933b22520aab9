"""ConfigMaps that instructions come from: read by each reconcile, and looked at in between."""

import hashlib
from collections import defaultdict
from collections.abc import Callable

from agents_crds.v1alpha1 import Agent
from agents_crds.v1alpha1.fields import ConfigMapKeyRef
from agents_operator.engine.world import Key, World
from agents_operator.kubernetes.configmaps import ConfigMapReader, TextNotFoundError


class ConfigMapTexts:
    """The texts that Agents take from ConfigMaps, which nobody watches: most of a cluster's are not ours."""

    def __init__(self, world: World, configmaps: ConfigMapReader, wake: Callable[[Key], None]) -> None:
        self._world = world
        self._configmaps = configmaps
        self._wake = wake
        self._read: dict[str, str] = {}
        """Digests of what was read or seen last, by the Agents' uids."""

    async def read(self, agent: Agent, ref: ConfigMapKeyRef) -> str:
        """Return an Agent's text; raise TextNotFoundError when there is none."""
        try:
            text = await self._configmaps.read(agent.metadata.namespace, ref)
        except TextNotFoundError as error:
            self._read[agent.metadata.uid] = missing(error)
            raise
        self._read[agent.metadata.uid] = digest(text)
        return text

    async def sweep(self) -> None:
        """Wake the Agents whose text is not what they read last, once; a request for each ConfigMap."""
        users: defaultdict[tuple[str, str], list[tuple[Agent, str]]] = defaultdict(list)
        for agent in self._world.agents:
            source = agent.spec.instructions_from
            ref = None if source is None else source.config_map_key_ref
            if ref is not None and agent.metadata.deletion_timestamp is None and not agent.spec.suspend:
                users[agent.metadata.namespace, ref.name].append((agent, ref.key))
        uids = {agent.metadata.uid for using in users.values() for agent, _ in using}
        self._read = {uid: known for uid, known in self._read.items() if uid in uids}
        for (namespace, name), using in users.items():
            now = await self._digests(namespace, name, {key for _, key in using})
            for agent, key in using:
                uid = agent.metadata.uid
                # One that has read nothing yet waits for something else, and reads it then.
                if self._read.get(uid, now[key]) != now[key]:
                    self._read[uid] = now[key]
                    self._wake(Key.of(agent))

    async def _digests(self, namespace: str, name: str, keys: set[str]) -> dict[str, str]:
        try:
            texts = await self._configmaps.read_all(namespace, name)
        except TextNotFoundError as error:
            return dict.fromkeys(keys, missing(error))
        found: dict[str, str] = {}
        for key in keys:
            try:
                found[key] = digest(texts.text(key))
            except TextNotFoundError as error:
                found[key] = missing(error)
        return found


def digest(text: str) -> str:
    """Tell one text from another, without keeping it."""
    return hashlib.sha256(text.encode()).hexdigest()


def missing(error: TextNotFoundError) -> str:
    """Tell one lack from another."""
    return f"missing: {error}"
