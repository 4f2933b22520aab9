"""Lines of a log as JSON."""

import io
import json
import logging
import subprocess
import sys

import pytest
from pydantic import JsonValue

from agents_crds.contract.run import RunReference
from agents_crds.telemetry.about import about, begin_about, run_fields
from agents_crds.telemetry.json_lines import JsonLines
from agents_crds.telemetry.logs import LogFormat

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Log:
    """A logger of a test's own, and what it wrote."""

    def __init__(self, name: str) -> None:
        self._written = io.StringIO()
        handler = logging.StreamHandler(self._written)
        handler.setFormatter(JsonLines())
        self.logger = logging.Logger(name)
        self.logger.addHandler(handler)

    def lines(self) -> list[dict[str, JsonValue]]:
        """Read what was written."""
        return [json.loads(line) for line in self._written.getvalue().splitlines()]


@pytest.fixture
def log() -> Log:
    return Log("test")


def test_a_line_tells_when_how_bad_who_and_what(log: Log) -> None:
    log.logger.warning("%s of\n%s", 1, 2)
    [line] = log.lines()
    assert line.pop("time")
    assert line == {"level": "WARNING", "logger": "test", "message": "1 of\n2"}


def test_an_exception_is_one_field(log: Log) -> None:
    try:
        dict[str, str]()["EUR"]
    except KeyError:
        log.logger.exception("failed")
    [line] = log.lines()
    assert str(line["exception"]).startswith("Traceback")
    assert str(line["exception"]).endswith("KeyError: 'EUR'")


def test_a_line_tells_what_it_is_about(log: Log) -> None:
    run = RunReference(namespace="ns", name="rates", uid="1")
    with about(**run_fields(run, "finance", TRACEPARENT)), about(tool="pay", run=""):
        log.logger.info("inside")
    log.logger.info("outside")
    inside, outside = log.lines()
    told = {"namespace": "ns", "run": "ns/rates", "agent": "finance", "tool": "pay"}
    assert told.items() <= inside.items()
    assert inside["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert "run" not in outside


def test_a_record_knows_better_what_it_is_about(log: Log) -> None:
    begin_about(run="ns/one", agent="finance")
    log.logger.info("said", extra={"run": "ns/other"})
    [line] = log.lines()
    assert (line["run"], line["agent"]) == ("ns/other", "finance")


def test_what_kopf_and_others_put_beside_a_line_does_not_break_it(log: Log) -> None:
    extra = {"settings": object(), "k8s_skip": True, "k8s_ref": {"name": "one"}, "strange": sys}
    log.logger.info("said", extra=extra)
    [line] = log.lines()
    assert line["k8s_ref"] == {"name": "one"}
    assert "settings" not in line
    assert "k8s_skip" not in line


@pytest.mark.parametrize(("told", "form"), [("json", "json"), ("text", "text"), ("", "text"), (None, "text")])
def test_a_process_writes_text_unless_told(told: str | None, form: str) -> None:
    assert LogFormat.of(told) == form


PROCESS = """
import logging, threading, warnings
from agents_crds.telemetry.logs import LogFormat, set_up_logging
set_up_logging(LogFormat.JSON, logging.INFO)
warnings.warn("careful")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise KeyError("EUR")
"""


def test_what_python_itself_writes_of_errors_and_warnings_is_json_too() -> None:
    done = subprocess.run((sys.executable, "-c", PROCESS), capture_output=True, text=True, check=False)
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 1
    assert [line["level"] for line in told] == ["WARNING", "CRITICAL", "CRITICAL"]
    assert str(told[1]["exception"]).endswith("ZeroDivisionError: division by zero")
    assert str(told[2]["exception"]).endswith("KeyError: 'EUR'")
