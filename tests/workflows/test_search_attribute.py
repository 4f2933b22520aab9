"""The search attribute of runs that wait, as the operator makes it known to Temporal."""

import logging

import pytest
from temporalio.client import Client

from agents_operator.temporal.search_attributes import register_state_attribute
from tests.workflows.temporal import temporal_server


async def test_attribute_is_made_once_and_found_by_the_next_operator(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with temporal_server() as client:
        for _ in range(2):
            assert await register_state_attribute(client, logging.getLogger("operator"))
        assert not caplog.messages
        query = "DurableAgentsState = 'Waiting'"
        assert [found async for found in client.list_workflows(query)] == []


async def test_operator_that_may_not_make_it_says_who_can(
    temporal: Client, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = Client(temporal.service_client, namespace="nobody-s")
    assert not await register_state_attribute(elsewhere, logging.getLogger("operator"))
    (said,) = caplog.messages
    assert "search-attribute create --namespace nobody-s --name DurableAgentsState --type Keyword" in said
    assert "then restart the operator" in said
