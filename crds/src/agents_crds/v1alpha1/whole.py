"""Whole numbers, as the API server reads them from JSON, which has one type of number."""

from dataclasses import dataclass

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_LARGEST_FLOAT = 2**53 - 1


@dataclass(frozen=True)
class Whole:
    """An integer from `ge` to `le`; `10.0` is one unless `strict`, `true` and `"10"` are not."""

    ge: int | None = None
    le: int | None = None
    strict: bool = False
    """As the API server reads the fields of a scale subresource, and as CEL compares two fields."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        # Bounds stand in the inner schema: pydantic does not find it for a Field beside a validator.
        bounded = core_schema.int_schema(strict=True, ge=self.ge, le=self.le)
        return core_schema.no_info_before_validator_function(self._read, bounded)

    def _read(self, number: object) -> object:
        if self.strict or not isinstance(number, float) or not _is_whole(number):
            return number
        beyond = self.le is not None and number > self.le
        return number if beyond else int(number)


def _is_whole(number: float) -> bool:
    """Tell like the API server, which forgives a relative error of 1e-9.

    Source: IsFloat64AJSONInteger in https://github.com/go-openapi/swag.
    """
    if not abs(number) <= _LARGEST_FLOAT:
        return False
    whole = int(number)
    return number == whole or (whole != 0 and abs(number - whole) / abs(number + whole) < 1e-9)
