"""Words of a text, reduced to stems, so that a request can be compared with a tool's description."""

import re

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def stem(word: str) -> str:
    """Cut the common English endings: `rates`, `rate` and `rated` become one."""
    word = word.lower()
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending)
            break
    word = word[:-1] if len(word) > 3 and word.endswith("e") else word
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def stems(text: str) -> tuple[str, ...]:
    """List the stems of the words that carry meaning, in order; snake_case and camelCase are split."""
    return tuple(stem(word) for word in _WORD.findall(text) if word.lower() not in _STOP)


def name_stems(name: str) -> frozenset[str]:
    """List what a tool's name is about: its verb counts only when there is nothing else."""
    every = frozenset(stem(word) for word in _WORD.findall(name))
    return every - _GENERIC or every


def is_stop_word(word: str) -> bool:
    """Tell whether a word carries no meaning of its own."""
    return word.lower() in _STOP


def stem_set(words: str) -> frozenset[str]:
    """Read words from a text and reduce each to its stem."""
    return frozenset(map(stem, re.split(r"\s+", words)))


_STOP = frozenset(
    re.split(
        r"\s+",
        """a about after all also an and any are as ask at be been before but by call can could did
        do does for from get give had has have he her here his how i if in into is it its just let
        like make many may me much must my need no not now of on or our out please run say she
        should show so some tell than thank that the their them then there these they this those
        to too tool up us use used using via want was we were what when where which who whom whose
        why will with would you your""",
    )
)
_GENERIC = stem_set("call fetch find get list load look lookup make query read retrieve run search tool use")
