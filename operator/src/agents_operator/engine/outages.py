"""The errors that say that a server is away, and nothing about the object at hand."""

import aiohttp

from agents_operator.kubernetes.errors import ApiServerError
from agents_operator.temporal.errors import TemporalUnreachableError

OUTAGES = (ApiServerError, TemporalUnreachableError, aiohttp.ClientError, TimeoutError)
