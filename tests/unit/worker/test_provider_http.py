"""The connections to providers, which all keys of a pool share."""

import httpx2

from agents_worker.sessions.providers import provider_http


async def test_cookies_of_one_key_are_not_sent_with_another() -> None:
    answer = httpx2.Response(
        200,
        headers={"set-cookie": "session=1; Path=/"},
        request=httpx2.Request("GET", "http://models.example.com/v1/models"),
    )
    async with provider_http() as http:
        http.cookies.extract_cookies(answer)
        assert not http.cookies
