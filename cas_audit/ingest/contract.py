"""Contracts: which columns of a table may come in, why, and on which ground.

What a contract does not list is refused and never read.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import Field, field_validator, model_validator

from cas_audit.config import Strict, Text, read_record
from cas_audit.errors import ContractError
from cas_audit.ingest.names import resembles
from cas_audit.rooms import room

__all__ = ["BESIDES", "NEEDED", "STAY", "Column", "Contract", "load_contract"]

Table = Literal[
    "incidents", "areas", "suspects", "decisions", "survey", "patrols", "stops", "complaints",
    "forecasts", "access", "changes", "restores", "log",
]  # fmt: skip
Role = Literal[
    "x", "y", "moment", "date", "hour", "theme", "channel", "basis", "recorded", "removed",
    "area", "label", "residents", "group",
    "count", "age", "decision", "hours", "respondents", "reported_share", "cell", "score", "flag",
    "account", "owner", "duty", "account_kind", "standing", "granted", "used", "reviewed",
    "author", "reviewer", "approver", "tests", "version", "restored", "rescored", "same",
    "sequence", "digest", "previous", "seconds",
]  # fmt: skip
Kind = Literal["code", "number", "integer", "moment", "date", "free_text"]
Special = Literal["ethnicity", "religion", "health", "sexuality", "politics", "union", "biometrics"]
PLACED: tuple[set[str], ...] = ({"x", "y"}, {"area"})
DATED: tuple[set[str], ...] = ({"moment"}, {"date"})
FORECAST = ("flag", "score", "count")
NEEDED: dict[str, tuple[set[str], ...]] = {
    "incidents": ({"x", "y", "moment", "theme"}, {"x", "y", "date", "hour", "theme"}),
    "areas": ({"area", "residents", "group"}, {"area"}),
    "suspects": ({"x", "y", "count"},),
    "decisions": tuple({"area", "theme", "decision"} | time for time in DATED),
    "survey": ({"area", "theme", "respondents", "reported_share"},),
    "patrols": tuple({"area", "hours"} | time for time in DATED),
    "stops": tuple(place | time for place in PLACED for time in DATED),
    "complaints": tuple({"area"} | time for time in DATED),
    "forecasts": tuple(place | {one} for place in (*PLACED, {"cell"}) for one in FORECAST),
    "access": ({"account", "duty", "reviewed"},),
    "changes": tuple({"author", "reviewer"} | time for time in DATED),
    "restores": tuple({"restored"} | time for time in DATED),
    "log": ({"moment", "sequence"}, {"moment", "digest", "previous"}),
}
BESIDES: dict[str, set[str]] = {
    "incidents": {"channel", "basis", "recorded", "removed", "area"},
    "areas": {"label"},
    "suspects": set(),
    "decisions": {"count", "seconds"},
    "survey": set(),
    "patrols": set(),
    "stops": {"theme", "age", "count", "removed"},
    "complaints": {"theme", "count"},
    "forecasts": {"moment", "date", "theme", *FORECAST},
    "access": {"owner", "account_kind", "standing", "granted", "used"},
    "changes": {"approver", "tests", "version"},
    "restores": {"rescored", "same"},
    "log": set(),
}
CODE, NUMBER, WHEN = {"code", "free_text"}, {"number", "integer"}, {"moment", "date"}
PLAIN = {"code"}
STAFF = {"account", "owner", "author", "reviewer", "approver"}  # name a member of staff
STAY = {*STAFF, "sequence", "digest", "previous"}  # are compared in the child, and go no further
KINDS: dict[str, set[str]] = {
    **dict.fromkeys(("theme", "channel", "basis", "decision", "label"), CODE),
    **dict.fromkeys(("x", "y", "residents", "group", "count", "hours", "hour"), NUMBER),
    **dict.fromkeys(("age", "respondents", "reported_share", "score"), NUMBER),
    **dict.fromkeys(("moment", "date", "recorded", "removed"), WHEN),
    "area": {"code", "integer"},
    "cell": {"integer"},
    "sequence": {"integer"},
    **dict.fromkeys(("granted", "used", "reviewed"), WHEN),
    **dict.fromkeys((*STAFF, "duty", "account_kind", "standing", "tests", "version"), PLAIN),
    **dict.fromkeys(("restored", "rescored", "same", "digest", "previous"), PLAIN),
    "seconds": NUMBER,
    "flag": {"code", "integer"},
}
GROUND = r"^(Wpg (8|9|10|12|13|22)|AVG [0-9]+(\([0-9a-z]\))*|open data)(, .+)?$"


class Column(Strict):
    """One admitted column.

    `why` says why it comes in nevertheless: free text, a special category of personal data, the
    name of a member of staff, or a name that resembles what should rarely come in.
    """

    name: Annotated[str, Field(min_length=1)]
    role: Role
    type: Kind
    meaning: Text
    purpose: Text
    ground: Annotated[str, Field(pattern=GROUND)]
    retention_years: Annotated[int, Field(ge=1)]
    concerns: Text
    coarsened_to: Literal["cell", "shift", "week", "band", "area", "month", "equality", "none"] = (
        "none"
    )
    values: dict[str, str] = {}
    unmapped: Literal["leave_out", "refuse"] = "refuse"
    group: str | None = None
    label: Text | None = None
    unit: Literal["count", "percent"] = "count"
    special_category: Special | None = None
    why: Text | None = None

    @field_validator("purpose", "why")
    @classmethod
    def _in_both_languages(cls, value: Text | None) -> Text | None:
        if value and not (value.nl.strip() and value.en.strip()):
            message = "expected in both languages"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _fits_its_role(self) -> "Column":
        if self.type not in KINDS[self.role]:
            message = (
                f"{self.role} cannot be of type {self.type}; expected {_list(KINDS[self.role])}"
            )
            raise ValueError(message)
        for found, what in (
            (self.type == "free_text", "free text"),
            (self.special_category, "a special category of personal data"),
            (self.role in STAFF, "the name of a member of staff"),
            (resembles(self.name), f"named like {resembles(self.name)}"),
        ):
            if found and not self.why:
                message = f"is {what}; expected a `why` that says what makes it necessary"
                raise ValueError(message)
        return self


class Dialect(Strict):
    """How a CSV file writes: by default UTF-8, a decimal point, and the delimiter is looked for.

    Without `quotes` a quote is a character like any other: for systems that never quote a field.
    """

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    decimal: Literal[".", ","] = "."
    quotes: bool = True
    encoding: Literal["utf-8", "windows-1252", "iso-8859-1", "iso-8859-15"] = "utf-8"


class Contract(Strict):
    """What may come in from one table.

    `default_places` are points, in `crs`, that the source system writes when it knows none.
    `time_zone` is that of the clock on the spot, for sources that hold moments in another.
    """

    table: Table
    title: Text
    crs: str
    dialect: Dialect = Dialect()
    time_zone: str | None = None
    default_places: list[tuple[float, float]] = []
    columns: Annotated[list[Column], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _refuse_without_purpose(cls, raw: Any) -> Any:  # noqa: ANN401 - not yet validated
        """A column whose purpose is blank in both languages is refused, as if it were not there."""
        if not isinstance(raw, dict) or not isinstance(raw.get("columns"), list):
            return raw
        return {**raw, "columns": [one for one in raw["columns"] if _has_purpose(one)]}

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, value: str | None) -> str | None:
        if value and value not in available_timezones():
            message = "is no known time zone; expected one such as Europe/Amsterdam"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _has_its_roles(self) -> "Contract":
        roles = {column.role for column in self.columns}
        if not any(needed <= roles for needed in NEEDED[self.table]):
            message = f"lacks a role; expected {' or '.join(map(_list, NEEDED[self.table]))}"
            raise ValueError(message)
        needless = roles - BESIDES[self.table].union(*NEEDED[self.table])
        if needless:
            message = f"has roles that {self.table} have no use for: {_list(needless)}"
            raise ValueError(message)
        if self.table == "areas" and ("residents" in roles) != ("group" in roles):
            message = "has residents or groups alone; expected both, or neither"
            raise ValueError(message)
        if any(column.role == "group" and not column.group for column in self.columns):
            message = "has a column of role group without the name of its group"
            raise ValueError(message)
        self._demand_flags()
        once = [column.role for column in self.columns if column.role != "group"]
        if len(set(once)) < len(once):
            message = "has a role that stands twice; expected one column for each"
            raise ValueError(message)
        return self

    def _demand_flags(self) -> None:
        flag = self.column("flag")
        meant = set(flag.values.values()) if flag else {"flagged"}
        if not {"flagged"} <= meant <= {"flagged", "not_flagged"}:
            message = "has a flag whose values do not say which codes are flagged or not_flagged"
            raise ValueError(message)

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


def _list(roles: Iterable[str]) -> str:
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
