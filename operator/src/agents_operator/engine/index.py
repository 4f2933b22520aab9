"""Who names whom, so that a change of one object needs no look at all the others."""

from collections.abc import Iterable

from agents_operator.engine.world import Key


class Index:
    """Objects by the names that they mention, each in its namespace, in the order in which they came."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], dict[Key, None]] = {}

    def update(self, key: Key, before: frozenset[str], after: frozenset[str]) -> None:
        """Note that an object mentions other names than before; those of one that is gone are none."""
        for name in before - after:
            place = key.namespace, name
            mentioning = self._keys.get(place, {})
            mentioning.pop(key, None)
            if not mentioning:
                self._keys.pop(place, None)
        for name in after - before:
            self._keys.setdefault((key.namespace, name), {})[key] = None

    def mentioning(self, namespace: str, name: str) -> tuple[Key, ...]:
        """List the objects of a namespace that mention a name."""
        return tuple(self._keys.get((namespace, name), ()))

    def leading_to(self, namespace: str, names: Iterable[str]) -> set[str]:
        """Name these, and every object that mentions one of them, or one that does so, and so on."""
        found: set[str] = set()
        rest = list(names)
        while rest:
            name = rest.pop()
            if name not in found:
                found.add(name)
                rest += (key.name for key in self.mentioning(namespace, name))
        return found

    def __len__(self) -> int:
        return len(self._keys)
