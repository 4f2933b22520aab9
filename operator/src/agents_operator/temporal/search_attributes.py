"""The search attribute by which runs that wait for their provider are found in Temporal."""

import logging

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from agents_crds.contract.connection import TemporalUnavailableError
from agents_crds.contract.names import STATE_ATTRIBUTE
from agents_operator.temporal.connection import RPC_TIMEOUT
from agents_operator.temporal.errors import TemporalUnreachableError, rpc_failure


async def register_state_attribute(client: Client, logger: logging.Logger) -> bool:
    """Make STATE_ATTRIBUTE known to Temporal; False where that may not be, and runs go on without.

    Raises TemporalUnavailableError when that is worth another try.
    """
    request = AddSearchAttributesRequest(
        namespace=client.namespace,
        search_attributes={STATE_ATTRIBUTE: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD},
    )
    try:
        if await _is_known(client):
            return True
        await client.operator_service.add_search_attributes(request, timeout=RPC_TIMEOUT)
    except RPCError as error:
        if isinstance(rpc_failure(error), TemporalUnreachableError):
            raise TemporalUnavailableError(error.message) from error
        if error.status is RPCStatusCode.ALREADY_EXISTS:
            return True
        logger.warning(
            "runs that wait for their provider cannot be told apart in Temporal (%s): let somebody who may "
            "run `temporal operator search-attribute create --namespace %s --name %s --type Keyword`, then "
            "restart the operator; everything else works without",
            error.message,
            client.namespace,
            STATE_ATTRIBUTE,
        )
        return False
    return True


async def _is_known(client: Client) -> bool:
    """Tell whether the namespace has it: servers on which nobody may add one, as the Cloud, say so here."""
    request = DescribeNamespaceRequest(namespace=client.namespace)
    described = await client.workflow_service.describe_namespace(request, timeout=RPC_TIMEOUT)
    return STATE_ATTRIBUTE in described.config.custom_search_attribute_aliases.values()
