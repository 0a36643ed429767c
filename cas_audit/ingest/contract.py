"""Contracts: which columns of a table may come in, why, and on which ground.

What a contract does not list is refused and never read.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from cas_audit.config import Strict, Text, read_record
from cas_audit.errors import ContractError
from cas_audit.rooms import room

__all__ = ["Column", "Contract", "load_contract"]

Role = Literal[
    "x", "y", "moment", "date", "hour", "theme", "channel",
    "area", "label", "residents", "group", "count",
]  # fmt: skip
NEEDED: dict[str, tuple[set[str], ...]] = {
    "incidents": ({"x", "y", "moment", "theme"}, {"x", "y", "date", "hour", "theme"}),
    "areas": ({"area", "residents", "group"},),
    "suspects": ({"x", "y", "count"},),
}


class Column(Strict):
    """One admitted column."""

    name: str
    role: Role
    meaning: Text
    purpose: Text
    ground: Annotated[str, Field(min_length=1)]
    retention_years: Annotated[int, Field(ge=1)]
    concerns: Text
    coarsened_to: Literal["cell", "shift", "area", "none"] = "none"
    values: dict[str, str] = {}
    unmapped: Literal["leave_out", "refuse"] = "refuse"
    group: str | None = None
    label: Text | None = None
    unit: Literal["count", "percent"] = "count"

    @field_validator("purpose")
    @classmethod
    def _in_both_languages(cls, value: Text) -> Text:
        if not (value.nl.strip() and value.en.strip()):
            message = "expected in both languages"
            raise ValueError(message)
        return value


class Dialect(Strict):
    """How a CSV file writes: by default UTF-8, a decimal point, and the delimiter is looked for."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    decimal: Literal[".", ","] = "."
    encoding: Literal["utf-8", "windows-1252", "iso-8859-1", "iso-8859-15"] = "utf-8"


class Contract(Strict):
    """What may come in from one table."""

    table: Literal["incidents", "areas", "suspects"]
    title: Text
    crs: str
    dialect: Dialect = Dialect()
    columns: Annotated[list[Column], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _refuse_without_purpose(cls, raw: Any) -> Any:  # noqa: ANN401 - not yet validated
        """A column whose purpose is blank in both languages is refused, as if it were not there."""
        if not isinstance(raw, dict) or not isinstance(raw.get("columns"), list):
            return raw
        return {**raw, "columns": [one for one in raw["columns"] if _has_purpose(one)]}

    @model_validator(mode="after")
    def _has_its_roles(self) -> "Contract":
        roles = {column.role for column in self.columns}
        if not any(needed <= roles for needed in NEEDED[self.table]):
            message = f"lacks a role; expected {' or '.join(map(_list, NEEDED[self.table]))}"
            raise ValueError(message)
        if any(column.role == "group" and not column.group for column in self.columns):
            message = "has a column of role group without the name of its group"
            raise ValueError(message)
        return self

    def name_of(self, role: str) -> str | None:
        """Return the source column with this role, if any."""
        return next((c.name for c in self.columns if c.role == role), None)

    def column(self, role: str) -> Column | None:
        """Return the column with this role, if any."""
        return next((c for c in self.columns if c.role == role), None)

    @property
    def groups(self) -> list[Column]:
        """The columns that count residents of a group."""
        return [column for column in self.columns if column.role == "group"]


def _has_purpose(column: Any) -> bool:  # noqa: ANN401 - not yet validated
    purpose = column.get("purpose") if isinstance(column, dict) else None
    if not isinstance(purpose, dict):
        return True  # whatever is wrong with it is said by its schema
    return any(str(text).strip() for text in purpose.values())


def _list(roles: set[str]) -> str:
    return ", ".join(sorted(roles))


def load_contract(name: str) -> Contract:
    """Read a contract: a name in the expectations room, or a path that ends in .yaml.

    Raises:
        ContractError: it does not fit its schema.
    """
    path = (
        Path(name)
        if name.endswith((".yaml", ".yml"))
        else room("expectations", f"{name}.contract.yaml")
    )
    return read_record(Contract, path, ContractError)
