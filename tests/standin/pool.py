"""Candidates for arguments, handed out once each."""

from tests.standin.evidence import Evidence, gather_evidence


class Pool:
    """Candidates that are handed out once each, so that two properties do not get one value."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        self.texts = texts
        self._evidence = tuple(gather_evidence(text) for text in texts)
        self._used: set[str] = set()

    def candidates(self, *kinds: str) -> list[str]:
        """List the unused candidates of the named kinds of evidence, the first text's first."""
        found = [
            candidate
            for evidence in self._evidence
            for kind in kinds
            for candidate in _of_kind(evidence, kind)
            if not self._used.intersection([*candidate.split(), candidate])
        ]
        return list(dict.fromkeys(found))

    def take(self, *kinds: str) -> str | None:
        """Hand out the first unused candidate."""
        return self.claim(next(iter(self.candidates(*kinds)), None))

    def claim(self, value: str | None) -> str | None:
        """Mark `value` as used."""
        if value is not None:
            self._used.update([*value.split(), value])
        return value


def _of_kind(evidence: Evidence, kind: str) -> tuple[str, ...]:
    found: tuple[str, ...] = getattr(evidence, kind)
    return found
