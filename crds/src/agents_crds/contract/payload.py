"""The base of everything that crosses Temporal."""

from pydantic import BaseModel, ConfigDict


class Payload(BaseModel):
    """A frozen value in a workflow's history; an older release ignores the fields of a newer one."""

    model_config = ConfigDict(frozen=True, extra="ignore")
