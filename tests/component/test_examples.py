"""Every example, as a user applies it, with values that nobody knew before."""

import random
import re
import uuid
from collections.abc import Iterator, Mapping
from os import environ
from pathlib import Path

import pytest
import yaml
from pydantic import JsonValue

from agents_crds.v1alpha1 import Agent, AgentRun
from tests.component.evidence import Evidence
from tests.component.examples import (
    EXAMPLES,
    answer,
    apply_example,
    entries,
    everything_service,
    figure,
    finished,
    shared_tenant,
    tool_results,
)
from tests.component.platform import Operator, Platform
from tests.component.tenant import Tenant
from tests.standin.control import StandIn
from tests.standin.world import Fact
from tools.console import Console
from tools.local.demo import FOR_CLUSTERS, TRAVEL_DESK
from tools.local.ports import HOST, free_ports
from tools.local.processes import Processes
from tools.local.services import travel_desk_service
from tools.parts.catalog import Part
from tools.parts.obtain import obtain_parts

pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture(scope="module")
def place(
    platform: Platform, session_operator: Operator, numbers: Iterator[int], evidence: Evidence
) -> Iterator[Tenant]:
    """One namespace for all of them, with the tool of examples/python-tool in its pool."""
    name, modules = f"tenant-{next(numbers)}", "examples.python-tool.rates"
    with shared_tenant(platform, session_operator, evidence, name, modules=modules) as tenant:
        yield tenant


@pytest.fixture(scope="module")
def everything() -> Path:
    """The program of npm's server-everything."""
    [program] = obtain_parts([Part.MCP_SERVER_EVERYTHING], Console()).values()
    return program


@pytest.fixture(scope="module")
def ports(everything: Path, processes: Processes) -> Iterator[Mapping[str, int]]:
    """Where it serves, in each of its modes that has an address."""
    ports = dict(zip(("sse", "streamableHttp"), free_ports(2), strict=True))
    services = [everything_service(everything, mode, port) for mode, port in ports.items()]
    for service in services:
        processes.start(service.command)
    processes.wait_ready(*services, timeout=20)
    yield ports
    for service in services:
        processes.kill(service.name)


@pytest.fixture
def standin(platform: Platform) -> Iterator[StandIn]:
    """The stand-in, which forgets after the test what was planted in it."""
    yield platform.standin
    platform.standin.forget_world()


@pytest.fixture
def desk(processes: Processes) -> Iterator[str]:
    """Where the server of examples/travel-desk is."""
    [port] = free_ports(1)
    service = travel_desk_service(port)
    processes.start(service.command)
    processes.wait_ready(service, timeout=20)
    yield f"{HOST}:{port}"
    processes.kill(service.name)


def test_every_example_is_run_here() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*examples.py"))
    folders = sorted(path.name for path in EXAMPLES.iterdir() if any(path.glob("*.yaml")))
    assert len(folders) > 1
    assert [name for name in folders if f'"{name}"' not in tests] == []


def test_hello_answers_whoever_writes(place: Tenant) -> None:
    name = f"Ada{uuid.uuid4().hex}"
    apply_example(place, "hello", {"my name is Ada": f"my name is {name}"})
    assert name in answer(finished(place, "hello-1"))


def test_python_tool_answers_with_a_figure_made_up_for_each_run(place: Tenant) -> None:
    apply_example(place, "python-tool")
    first = finished(place, "rates-1")
    repeat = f"--filename={EXAMPLES / 'python-tool' / 'repeat'}"
    again = place.kubectl("create", repeat, "--output=name").strip().rpartition("/")[2]
    second = finished(place, again)
    assert figure(first) != figure(second)
    assert figure(first) in answer(first)
    assert figure(second) in answer(second)


def test_structured_output_has_the_figure_of_its_tool_as_a_number(place: Tenant) -> None:
    apply_example(place, "structured-output")
    run = finished(place, "structured-output-1")
    rate = place.kubectl("get", "agentrun/structured-output-1", "-o=jsonpath={.status.output.json.rate}")
    assert tool_results(run) == [f"{float(rate):.6f} % (ECB, 2023)"]
    assert run.status.output is not None
    assert run.status.output.value == {"rate": float(rate), "bank": "ECB", "year": 2023}


def test_handoffs_lead_to_the_agent_with_the_tool(place: Tenant) -> None:
    apply_example(place, "handoffs")
    run = finished(place, "handoffs-1")
    assert (run.status.path, run.status.answered_by) == (("front-desk", "central-banks"), "central-banks")
    assert figure(run) in answer(run)


def test_built_in_tools_compute_and_find_and_say_how(place: Tenant, standin: StandIn) -> None:
    a, b, c = (random.randint(1000, 9999) for _ in range(3))
    title, found, page = uuid.uuid4().hex, uuid.uuid4().hex, f"https://example.org/{uuid.uuid4().hex}"
    standin.add_fact(Fact(words="Mistral AI news", title=title, text=found, url=page))
    apply_example(place, "built-in-tools", {"271 * 314 + 15": f"{a} * {b} + {c}"})
    run = finished(place, "built-in-tools-1")
    assert str(a * b + c) in answer(run)
    assert found in answer(run)
    computed, searched, told = entries(run)
    assert computed.tool_execution is not None
    assert computed.tool_execution.name == "code_interpreter"
    assert f'"code":"{a} * {b} + {c}"' in computed.tool_execution.info.replace(": ", ":")
    assert searched.tool_execution is not None
    assert searched.tool_execution.name == "web_search"
    references = [part.reference for part in told.message or () if part.reference is not None]
    assert [(each.tool, each.title, each.url) for each in references] == [("web_search", title, page)]


def test_mcp_stdio_computes_by_a_process_of_its_pool(place: Tenant, everything: Path) -> None:
    # As if the pool's image had the server.
    path = f"env: [{{name: PATH, value: '{everything.parent}:{environ['PATH']}'}}]"
    a, b = summands()
    apply_example(
        place, "mcp-stdio", {"image: my/everything": f"image: my/everything\n          {path}", **asked(a, b)}
    )
    assert says_sum(finished(place, "mcp-stdio-1"), a, b)


@pytest.mark.parametrize(
    ("example", "mode", "address"),
    [
        ("mcp-sse", "sse", "everything-sse:3001"),
        ("mcp-streamable-http", "streamableHttp", "everything-streamable-http:3001"),
    ],
)
def test_mcp_over_http_computes_by_a_server_elsewhere(
    example: str, mode: str, address: str, place: Tenant, ports: Mapping[str, int]
) -> None:
    a, b = summands()
    apply_example(place, example, {address: f"{HOST}:{ports[mode]}", **asked(a, b)})
    assert says_sum(finished(place, f"{example}-1"), a, b)


def test_mcp_prompt_is_what_the_agent_is_told(place: Tenant, ports: Mapping[str, int]) -> None:
    apply_server(place, ports)
    city = f"City-{uuid.uuid4().hex}"
    apply_example(place, "mcp-prompt", {"city: Bern": f"city: {city}"})
    finished(place, "mcp-prompt-1")
    assert instructions(place, "mcp-prompt") == f"What's weather in {city}?"


def test_travel_desk_finds_a_train_by_two_agents_and_a_server(place: Tenant, desk: str) -> None:
    company = f"Company {uuid.uuid4().hex}"
    apply_example(place, "travel-desk", {TRAVEL_DESK: desk, "Example Ltd": company})
    run = finished(place, "travel-desk-1")
    assert (run.status.path, run.status.answered_by) == (("clerk", "rail-expert"), "rail-expert")
    assert f"You are the clerk at the travel desk of {company}." in instructions(place, "clerk")
    [found] = tool_results(run)
    assert re.fullmatch(r"From Bern to Paris: train \d{3}, \d\d\.\d\d EUR", found)
    assert found in answer(run)


@pytest.mark.parametrize(
    ("tool", "words", "result"),
    [
        ("echo", "on '{word}'", "Echo: {word}"),
        ("get-tiny-image", "", "[image: image/png, 4033 bytes]"),
        (
            "get-resource-reference",
            "with resourceType Text and resourceId {number}",
            "[resource demo://resource/dynamic/text/{number}]\nResource {number}: This is a plaintext",
        ),
        (
            "get-resource-reference",
            "with resourceType Blob and resourceId {number}",
            "[resource demo://resource/dynamic/blob/{number}: text/plain, ",
        ),
        ("get-resource-links", "with count 2", "[link to demo://resource/dynamic/text/2: Text Resource 2, "),
        ("get-structured-content", "for Los Angeles", '"conditions":"Sunny / Clear"'),
        (
            "get-resource-reference",
            "with resourceType Text and resourceId -{number}",
            "failed: Invalid resourceId",
        ),
        (
            "trigger-long-running-operation",
            "with duration 1 and steps {number}",
            "Long running operation completed. Duration: 1 seconds, Steps: {number}.",
        ),
    ],
    ids=["text", "image", "embedded text", "embedded blob", "links", "structured", "error", "progress"],
)
def test_every_kind_of_result_comes_through_a_run(
    tool: str, words: str, result: str, place: Tenant, ports: Mapping[str, int]
) -> None:
    apply_server(place, ports)
    all_tools: JsonValue = {"mcp": {"serverRef": {"name": "everything-streamable-http"}}}
    place.ready_agent("everybody", tools=[all_tools])
    made = {"word": uuid.uuid4().hex, "number": str(random.randint(10, 99))}
    request = f"Call everything-streamable-http_{tool} {words.format(**made)}."
    run = place.finished_run(f"calls-{made['word']}", "everybody", request)
    [told] = tool_results(run)
    assert result.format(**made) in told
    assert told in answer(run)


def test_servers_are_let_in_where_pods_are_restricted(place: Tenant) -> None:
    place.kubectl("label", "namespace", place.namespace, "pod-security.kubernetes.io/enforce=restricted")
    files = sorted(EXAMPLES.glob(f"*/{FOR_CLUSTERS}"))
    assert len(files) == 3
    for file in files:
        place.kubectl("apply", "--dry-run=server", f"--filename={file}")
        deployment, _ = yaml.safe_load_all(file.read_text())
        spec = deployment["spec"]["template"]["spec"]
        place.kubectl("create", "--dry-run=server", "--filename=-", stdin=pod(spec))
        refused = place.refusal(
            "create", "--dry-run=server", "--filename=-", stdin=pod({**spec, "securityContext": {}})
        )
        assert "violates PodSecurity" in refused


def pod(spec: object) -> str:
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "server"}, "spec": spec})


def summands() -> tuple[int, int]:
    return random.randint(1000, 9999), random.randint(1000, 9999)


def asked(a: int, b: int) -> dict[str, str]:
    return {"Get the sum of 271 and 314.": f"Get the sum of {a} and {b}."}


def says_sum(run: AgentRun, a: int, b: int) -> bool:
    return f"The sum of {a} and {b} is {a + b}." in answer(run)


def instructions(place: Tenant, agent: str) -> str:
    """Read what an agent is told on the stand-in's side."""
    remote = place.get(Agent, agent).status.remote
    assert remote is not None
    [told] = [each.current.instructions for each in place.remote_agents() if each.id == remote.id]
    return told or ""


def apply_server(place: Tenant, ports: Mapping[str, int]) -> None:
    """Apply the server that examples/mcp-streamable-http has, and others use."""
    text = (EXAMPLES / "mcp-streamable-http" / "mcpserver.yaml").read_text()
    address = f"{HOST}:{ports['streamableHttp']}"
    place.kubectl("apply", "--filename=-", stdin=text.replace("everything-streamable-http:3001", address))
