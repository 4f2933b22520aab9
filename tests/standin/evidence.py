"""What a text offers as values for arguments: numbers, dates, quotations, names, codes."""

import re

from tests.standin.base import Frozen
from tests.standin.words import is_stop_word

_QUOTED = re.compile(r"[\"“]([^\"”]+)[\"”]|(?<!\w)'([^']+)'(?!\w)|`([^`]+)`")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?")
_YEAR = re.compile(r"\b(?:19|20)\d{2}\b")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"({'|'.join(_MONTHS)})[a-z]*\.?"
_DATE = re.compile(
    rf"\b(\d{{4}})-(\d{{2}})-(\d{{2}})\b|\b(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH},?\s+(\d{{4}})\b"
    rf"|\b{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Z][\w&'-]*(?:\.(?=\w)[\w]+)*(?:\s+[A-Z][\w&'-]*)*")
_CODE = re.compile(r"\b[A-Z][A-Z0-9]{1,9}(?:[-/.=^][A-Z0-9]+)*\b")
_IDENTIFIER = re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]+\b")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(r"[a-z][a-z0-9+]*://[^\s\"'<>)]+[^\s\"'<>).,?!]", re.IGNORECASE)


class Evidence(Frozen):
    """The candidates found in a text, each kind in the order of the text."""

    text: str
    numbers: tuple[str, ...]
    years: tuple[str, ...]
    dates: tuple[str, ...]
    quoted: tuple[str, ...]
    names: tuple[str, ...]
    codes: tuple[str, ...]
    identifiers: tuple[str, ...]
    emails: tuple[str, ...]
    urls: tuple[str, ...]


def gather_evidence(text: str) -> Evidence:
    """Find every candidate in `text`."""
    without_dates = _DATE.sub(" ", text)
    without_links = _EMAIL.sub(" ", _URL.sub(" ", without_dates))
    return Evidence(
        text=text,
        numbers=tuple(number.replace(",", "") for number in _NUMBER.findall(without_links)),
        years=tuple(_YEAR.findall(text)),
        dates=tuple(_iso_date(found) for found in _DATE.finditer(text)),
        quoted=tuple("".join(groups) for groups in _QUOTED.findall(text)),
        names=_names(without_links),
        codes=tuple(_CODE.findall(without_links)),
        identifiers=tuple(_IDENTIFIER.findall(without_links)),
        emails=tuple(_EMAIL.findall(text)),
        urls=tuple(_URL.findall(text)),
    )


def _iso_date(found: re.Match[str]) -> str:
    year, month, day, day_first, month_name, year_last, name_first, day_second, year_second = found.groups()
    if year is not None:
        return f"{year}-{month}-{day}"
    name = (month_name or name_first)[:3].lower()
    return f"{year_last or year_second}-{_MONTHS.index(name) + 1:02}-{int(day_first or day_second):02}"


def _names(text: str) -> tuple[str, ...]:
    """List runs of capitalised words; those that open a sentence come last, as most are verbs."""
    inside: list[str] = []
    opening: list[str] = []
    for found in _NAME.finditer(text):
        words = found.group().split()
        before = text[: found.start()].rstrip(" \t")
        starts = not before or before[-1] in ".!?:\n"
        while words and is_stop_word(words[0]):
            words, starts = words[1:], False
        if starts and len(words) > 1:
            opening.append(words[0])
            words, starts = words[1:], False
        if words:
            (opening if starts else inside).append(" ".join(words).removesuffix("'s"))
    return tuple(inside + opening)
