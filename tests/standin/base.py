"""What every value of the stand-in has in common."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value that never changes and rejects fields it does not know, as Mistral's schemas do."""

    model_config = ConfigDict(frozen=True, extra="forbid")
