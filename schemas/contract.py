"""The base of every contract: a frozen model that ignores unknown fields, so that newer writers never break older readers."""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """A frozen record part; unknown fields are ignored (within a version only optional fields are added)."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null", protected_namespaces=())
