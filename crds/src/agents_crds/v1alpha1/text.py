"""What texts must look like, and the lists that are keyed by one of their texts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
DNS_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_PORT = r"([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
# Beyond 65535 no connection is so much as tried, in ways that no client expects.
ORIGIN = rf"^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:{_PORT})?"
"""The start of an address; what may follow it is another matter."""
HOST_PORT = rf"^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):{_PORT}$"
# At most four terms of at most five digits: CEL's duration() overflows at 292 years.
DURATION = r"^([0-9]{1,5}(ms|s|m|h)){1,4}$"


@dataclass(frozen=True)
class Format:
    """A pattern of a whole text, and what to tell whoever does not keep it.

    It becomes a CEL rule: the keyword `pattern` would answer with the expression alone. The pattern is
    anchored and names its characters one by one: Go's `\\s`, `\\w` and `\\d` know ASCII only.
    """

    pattern: str
    message: str

    def check(self, text: str) -> str:
        """Return the text, or raise a ValueError that says what it must look like."""
        if not re.fullmatch(self.pattern, text):
            raise ValueError(self.message)
        return text

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        validation = {"rule": f"self.matches(r'{self.pattern}')", "message": self.message}
        return {**handler(schema), "x-kubernetes-validations": [validation]}


@dataclass(frozen=True)
class ListMap:
    """A list whose items are told apart by one field, as its `x-kubernetes-list-type` says."""

    key: str

    def check(self, items: Sequence[BaseModel]) -> Sequence[BaseModel]:
        """Return the items, or raise a ValueError that names the key that comes twice."""
        seen: set[object] = set()
        for item in items:
            value = getattr(item, self.key)
            if value in seen:
                raise ValueError(f"{self.key} {value!r} must not come twice")
            seen.add(value)
        return items

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {
            **handler(schema),
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": [self.key],
        }
