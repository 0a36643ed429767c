"""A finding: what one check measured, and how far that can be trusted."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from cas_audit.config import Strict

__all__ = ["Estimand", "Finding", "Findings", "Outcome", "Value", "as_rows"]

Value = float | int | str | None


class Outcome(StrEnum):
    """What a check can say; only the first lets a model through by itself."""

    MET = "met"  # measured, and the whole interval is inside the tolerance
    NOT_MET = "not_met"  # measured, and the proposition is false
    INSUFFICIENT = "insufficient_evidence"  # the interval straddles the limit, or too few data
    NOT_APPLICABLE = "not_applicable"  # with a reason that a framework may accept or not
    UNAVAILABLE = "unavailable"  # the dossier lacks an input; set by the runner, or by a check
    ERROR = "error"  # the check broke; set by the runner


class Estimand(StrEnum):
    """What an interval is about."""

    THIS_MAP = "this_map"  # flags and residents fixed: exact
    THIS_PROCESS = "this_process"  # this city's history drawn again
    OUTCOMES = "outcomes_given_flags"  # outcomes random, flags fixed
    BEYOND = "beyond_this_city"  # hot spots as one draw from a spatial process
    RECORD = "record"  # a fact of the record, no inference


class Finding(Strict):
    """The result of one check; undefined is null, never NaN or 0.

    `interval` is two-sided at `level`; `tables` hold rows as data for the report.
    `without_refits` marks an interval about this process that comes from stretches of weeks: what
    training on another history would change is not in it.
    """

    check: str = ""
    check_version: str = ""
    outcome: Outcome
    message: str
    values: dict[str, Value] = {}
    estimand: Estimand
    estimate: float | None = None
    interval: tuple[float | None, float | None] | None = None
    level: float | None = None
    without_refits: bool = False
    n: dict[str, int] = {}
    smallest_gap: float | None = None
    thresholds: dict[str, float] = {}
    tables: dict[str, list[dict[str, Value]]] = {}
    seed: int | None = None
    inputs: dict[str, str] = {}


class Findings(Strict):
    """All findings of one audit, in the order of the programme."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    dossier: str
    findings: list[Finding]


def as_rows(records: Sequence[Mapping[Any, Any]]) -> list[dict[str, Value]]:
    """Turn records into plain rows: numbers rounded to nine digits, NaN to null.

    >>> as_rows([{"a": float("nan"), "b": 1.0}])
    [{'a': None, 'b': 1.0}]
    """
    return [{str(key): _plain(value) for key, value in record.items()} for record in records]


def _plain(value: Any) -> Value:  # noqa: ANN401 - numpy scalars of any kind
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return None if value != value else round(value, 9)  # noqa: PLR0124 - NaN
    return value  # type: ignore[no-any-return]
