"""How what happens in a run is written: for people, or as JSON."""

import json
import re
from datetime import timedelta

from agents_crds.contract.asking import asked_question
from agents_crds.contract.names import ASK_USER
from agents_crds.v1alpha1.fields import format_duration
from agents_operator.shown import shown
from agents_operator.temporal.happenings import (
    Began,
    Brought,
    Called,
    Ended,
    HandedOff,
    Happening,
    Heard,
    Ran,
    Said,
    Shutdown,
    Told,
    Trouble,
    Waits,
)

LINE_LIMIT = 300
"""Characters of arguments and results."""
NAME_LIMIT = 80
"""Characters of a name."""
TEXT_LIMIT = 4_000
"""Characters of what is said."""
_MARGIN = " " * 19


def json_line(happening: Happening) -> str:
    """Write it as a line of JSON, whole, and in ASCII so that no terminal obeys it."""
    return f"{json.dumps(happening.model_dump(mode='json'))}\n"


def line(happening: Happening) -> str:
    """Write it for people: the time (UTC), what it is about, and what happened."""
    label, text = _told(happening)
    first, *more = shown(text).split("\n")
    lines = (f"{happening.at:%H:%M:%S}  {label:<9}{first}", *(f"{_MARGIN}{each}" for each in more))
    return "".join(f"{each.rstrip()}\n" for each in lines)


def _told(happening: Happening) -> tuple[str, str]:
    match happening:
        case Said() | Called() | Ran() | HandedOff():
            return f"turn {happening.turn}", _done(happening)
        case Waits() | Heard() | Told() | Shutdown() | Trouble():
            return _besides(happening)
        case Began(agent=agent, text=text):
            return "start", f"{agent} is asked: {_text(text)}"
        case Brought(tool=tool, text=text, failed=failed):
            return "", f"{_name(tool)} {'failed:' if failed else '->'} {_line(text)}"
        case Ended(reason=reason, message=message, turn=turn, tokens=tokens, seconds=seconds):
            took = format_duration(timedelta(seconds=seconds))
            turns = "1 turn" if turn == 1 else f"{turn} turns"
            return "end", f"{reason}: {_line(message)} ({turns}, {tokens} tokens, {took})"


def _done(happening: Said | Called | Ran | HandedOff) -> str:
    agent = _name(happening.agent)
    match happening:
        case Said(text=text):
            return f"{agent}: {_text(text)}"
        case Called(tool=tool, arguments=arguments) if tool == ASK_USER:
            return f"{agent} asks the user: {_question(arguments)}"
        case Called(tool=tool, arguments=arguments):
            return f"{agent} calls {_name(tool)} {_line(arguments)}"
        case Ran(tool=tool, arguments=arguments):
            return f"{agent} has the provider run {_name(tool)} {_line(arguments)}"
        case HandedOff(to=to):
            return f"{agent} hands off to {_name(to)}"


def _besides(happening: Waits | Heard | Told | Shutdown | Trouble) -> tuple[str, str]:
    match happening:
        case Waits(text=text, until=until):
            return "waits", f"until {until:%H:%M:%S}: {_line(text)}"
        case Heard(id=id_, text=text):
            return "input", f"{_name(id_)}: {_text(text)}"
        case Told(id=id_):
            return "input", f"{_name(id_)} is told to the model"
        case Shutdown(how=how):
            return "shutdown", how
        case Trouble(text=text):
            return "trouble", _line(text)


def _question(arguments: str) -> str:
    return _line(asked_question(arguments) or arguments)


def _name(text: str) -> str:
    """Cut a name, which a model or a stranger may have made up."""
    return _cut(re.sub(r"\s+", " ", text), NAME_LIMIT)


def _line(text: str) -> str:
    return _cut(re.sub(r"\s+", " ", text).strip(), LINE_LIMIT)


def _text(text: str) -> str:
    return _cut(text.strip(), TEXT_LIMIT)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
