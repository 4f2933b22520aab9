"""A ModelProvider that speaks chat completions only."""

import gzip
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from pydantic import SecretStr

from agents_operator.kubernetes.resources import MODEL_PROVIDERS
from agents_operator.mistral import MistralConnections, ProviderError, ProviderRejectedError
from agents_operator.mistral.chat import WORDS_READ
from tests.standin.control import StandIn, rate_limited
from tests.standin.faults import AnswerWith
from tests.unit.operator.bench import Bench
from tests.unit.operator.hand import KEY
from tests.unit.operator.namespace import Manifest

MODELS = "/openai/v1/models"
WORDS = b"much, " * 1000
Answer = Callable[[httpx2.Request], httpx2.Response]


async def checked(bench: Bench, url: str, *, key: str | None = None) -> tuple[str, str, str]:
    """Make a ModelProvider, look at it, and give its condition."""
    spec: Manifest = {"protocol": "ChatCompletions", "url": url}
    if key is not None:
        await bench.create_secret("own", key)
        spec["apiKeySecretRef"] = {"name": "own"}
    await bench.create(MODEL_PROVIDERS, "own", spec)
    return await again(bench)


async def again(bench: Bench) -> tuple[str, str, str]:
    await bench.reconcile_provider("own")
    (found,) = (await bench.stored(MODEL_PROVIDERS, "own")).status.conditions
    return found.status, found.reason, found.message


async def test_server_that_accepts_the_key_is_ready(bench: Bench, standin: StandIn) -> None:
    url = f"{standin.url}/openai/v1"
    assert await checked(bench, url, key=KEY) == ("True", "Available", f"{url} accepts the key")
    assert standin.counters().requests == {f"GET {MODELS}": 1}


async def test_base_address_may_end_with_a_slash(bench: Bench, standin: StandIn) -> None:
    assert (await checked(bench, f"{standin.url}/openai/v1/", key=KEY))[0] == "True"


async def seen(answer: Answer, *, key: str | None = None) -> str:
    """Look at a server that answers so; return what is said of it."""
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer), trust_env=False) as client:
        secret = None if key is None else SecretStr(key)
        return await MistralConnections(client).chat("http://own:8000/v1/", secret).check_key()


async def test_server_that_needs_no_key_is_asked_without_one_and_said_to_answer() -> None:
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, json={"data": []})

    assert await seen(answer) == "answers"
    assert [(str(request.url), "authorization" in request.headers) for request in asked] == [
        ("http://own:8000/v1/models", False)
    ]


async def test_error_without_an_end_is_read_no_further_than_its_start() -> None:
    sent = 0

    async def much() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += len(WORDS)
            yield WORDS

    with pytest.raises(ProviderRejectedError, match="answered 400: much, much"):
        await seen(lambda _: httpx2.Response(400, content=much()))
    assert sent < WORDS_READ + len(WORDS)


async def test_packed_error_that_was_not_asked_for_is_not_unpacked() -> None:
    packed = httpx2.Response(
        400, headers={"content-encoding": "gzip"}, stream=httpx2.ByteStream(gzip.compress(bytes(2**24)))
    )
    with pytest.raises(ProviderRejectedError) as raised:
        await seen(lambda _: packed)
    assert raised.value.words == "answered 400"
    assert packed.num_bytes_downloaded == 0


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(400, stream=httpx2.ByteStream(b"who is another-key?")),
        httpx2.Response(307, headers={"location": "https://sso/?to=me&token=another-key"}),
        httpx2.Response(200, headers={"content-type": "text/another-key"}),
        httpx2.RemoteProtocolError("illegal header line: b'Bearer another-key'"),
    ],
)
async def test_key_that_a_server_repeats_is_not_told_on(answer: httpx2.Response | Exception) -> None:
    def repeat(_: httpx2.Request) -> httpx2.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(ProviderError) as raised:
        await seen(repeat, key="another-key")
    assert "another-key" not in str(raised.value)
    assert "…" in str(raised.value)


async def test_server_that_needs_a_key_says_so(bench: Bench, standin: StandIn) -> None:
    status, reason, message = await checked(bench, f"{standin.url}/openai/v1")
    assert (status, reason) == ("False", "ProviderUnauthorized")
    assert "it needs a key: set spec.apiKeySecretRef" in message


async def test_refused_key_names_the_secret_and_not_the_key(bench: Bench, standin: StandIn) -> None:
    status, reason, message = await checked(bench, f"{standin.url}/openai/v1", key="another-key")
    assert (status, reason) == ("False", "ProviderUnauthorized")
    assert "Secret own, key api-key" in message
    assert "another-key" not in message


async def test_missing_secret_is_named(bench: Bench, standin: StandIn) -> None:
    status, reason, message = await checked(bench, f"{standin.url}/openai/v1", key=" ")
    assert (status, reason) == ("False", "SecretNotFound")
    assert "kubectl create secret generic own" in message
    assert standin.counters().requests == {}


@pytest.mark.parametrize("status", [404, 405])
async def test_server_without_a_list_of_models_is_there(bench: Bench, standin: StandIn, status: int) -> None:
    standin.fail("GET", MODELS, AnswerWith(status=status))
    url = f"{standin.url}/openai/v1"
    said = f"{url} answers, and lists no models ({status}): the first run shows whether its path and the key"
    assert await checked(bench, url, key=KEY) == ("True", "Available", f"{said} are right")


async def test_outage_is_not_ready_and_passes(bench: Bench, standin: StandIn) -> None:
    standin.fail("GET", MODELS, AnswerWith(status=503))
    assert (await checked(bench, f"{standin.url}/openai/v1", key=KEY))[:2] == ("False", "ProviderUnreachable")
    assert (await again(bench))[:2] == ("True", "Available")


async def test_nobody_at_the_address_is_not_ready(bench: Bench) -> None:
    status, reason, message = await checked(bench, "http://127.0.0.1:9/v1")
    assert (status, reason) == ("False", "ProviderUnreachable")
    assert "could not be reached" in message


async def test_rate_limit_of_one_that_is_there_is_waited_out(bench: Bench, standin: StandIn) -> None:
    await checked(bench, f"{standin.url}/openai/v1", key=KEY)
    standin.fail("GET", MODELS, rate_limited(45))
    assert (await again(bench))[:2] == ("True", "Available")


async def test_page_for_people_is_no_server(bench: Bench, standin: StandIn) -> None:
    standin.fail("GET", MODELS, AnswerWith(status=200, headers={"content-type": "text/html"}, body="Hello."))
    status, reason, message = await checked(bench, f"{standin.url}/openai/v1", key=KEY)
    assert (status, reason) == ("False", "ProviderRejected")
    assert "check spec.url" in message


async def test_server_that_moved_is_said_to_be_elsewhere(bench: Bench, standin: StandIn) -> None:
    standin.fail("GET", MODELS, AnswerWith(status=301, headers={"location": "https://other/v1/models"}))
    _, reason, message = await checked(bench, f"{standin.url}/openai/v1", key=KEY)
    assert reason == "ProviderRejected"
    assert "points to https://other/v1/models" in message
