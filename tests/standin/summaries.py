"""Summarises what it reads: the facts found in it, within bounds. Pure."""

import re

from tests.standin.evidence import gather_evidence

LONGEST = 2000  # characters
_MOST = 60  # facts of a kind
_WISH = re.compile(r"\bsummar(?:y|i[sz]e|i[sz]ing)\b", re.IGNORECASE)
_ATTENTION = 400  # characters at either end of a request, where it says what is wanted


def asks_for_summary(instructions: str, request: str) -> bool:
    """Tell whether a summary is asked for, by the instructions or at either end of the request."""
    return any(map(_WISH.search, (instructions, request[:_ATTENTION], request[-_ATTENTION:])))


def summary(texts: tuple[str, ...]) -> str:
    """Name what stands out in texts, the first of each kind: codes, quotations, dates, names and numbers."""
    found = gather_evidence("\n".join(texts))
    kinds = {
        "identifiers": (*found.codes, *found.identifiers),
        "quotations": found.quoted,
        "dates": found.dates,
        "names": found.names,
        "numbers": found.numbers,
    }
    lines = (
        f"{kind}: {', '.join(list(dict.fromkeys(facts))[:_MOST])}" for kind, facts in kinds.items() if facts
    )
    return "\n".join(("Summary of what was said so far.", *lines))[:LONGEST]
