"""The door for records that an organisation keeps of its own work: access, changes, restores, logs.

They are about staff and not about places. A name is compared with other names in the same table,
and goes no further; a day leaves as the number of months before the reference date. What comes out
is one table of counts: what was seen (`kind`), how many months ago, and how often.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from cas_audit.ingest.contract import Contract
from cas_audit.ingest.incidents import refuse_expired
from cas_audit.ingest.question import Question
from cas_audit.ingest.sieve import Sieve, Tally
from cas_audit.ingest.staff import NOBODY, read_people
from cas_audit.ingest.values import read_codes, read_moment, read_numbers, read_when, scan

__all__ = ["MEANINGS", "OLDEST_MONTHS", "RECORDS", "admit_records"]

MEANINGS = {  # what the codes of a column stand for
    "duty": ["developer", "approver", "administrator", "user"],
    "account_kind": ["personal", "shared", "technical"],
    "standing": ["in_service", "left"],
    "tests": ["passed", "failed"],
    "restored": ["yes", "no"],
    "rescored": ["yes", "no"],
    "same": ["yes", "no"],
}
OLDEST_MONTHS = 120  # what is older is not told apart
A_MONTH = 365.25 / 12  # days
HOUR = np.timedelta64(1, "h")  # a clock on the spot goes back so far in autumn
Counts = dict[str, "pd.Series[int]"]


class Told(NamedTuple):
    """A piece of a table as its contract reads it, before anything is counted."""

    piece: pa.Table
    contract: Contract
    question: Question
    sieve: Sieve

    def has(self, role: str) -> bool:
        """Say whether the contract has a column for it."""
        return self.contract.column(role) is not None

    def people(self, role: str) -> NDArray[np.uint64]:
        """Return who it was, as numbers."""
        return read_people(self.piece, str(self.contract.name_of(role)))

    def code(self, role: str) -> NDArray[np.object_]:
        """Return what a code stands for, nothing where the contract does not say."""
        meanings = MEANINGS[role]
        at = read_codes(self.piece, self.contract.column(role), meanings, Sieve(len(self.piece)))
        return np.array([*meanings, ""], dtype=object)[at]

    def months(self, role: str) -> NDArray[np.float64]:
        """Return how many months before the reference date, rounded up; NaN for never by then."""
        when = read_when(self.piece, str(self.contract.name_of(role)), self.contract.time_zone)
        return self.ago(when)

    def ago(self, when: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """Return the same of moments."""
        end = np.datetime64(pd.Timestamp(self.question.reference_date))
        days = (end - when.astype("datetime64[D]")).astype("timedelta64[D]").astype(float)
        days[np.isnat(when) | (days < 0)] = np.nan
        return np.clip(np.ceil(days / A_MONTH), 0, OLDEST_MONTHS)

    def text(self, role: str) -> NDArray[np.object_]:
        """Return a column as text, blank where absent."""
        column = self.piece[str(self.contract.name_of(role))].cast(pa.string()).to_pandas()
        found: NDArray[np.object_] = column.fillna("").str.strip().to_numpy(dtype=object)
        return found


def admit_records(
    pieces: Iterable[pa.Table], contract: Contract, question: Question
) -> tuple[pa.Table, Tally]:
    """Admit rows, and count what they tell once all are there: equality needs every row.

    Returns:
        Columns kind, months and count; and the tally.
    """
    read, count = RECORDS[contract.table]
    tally, parts = Tally(0), []
    for piece in pieces:
        sieve = Sieve(piece.num_rows)
        scan(piece, contract, sieve)
        rows = read(Told(piece, contract, question, sieve))
        parts.append(rows[sieve.kept])
        tally.add(sieve.tally)
    if not parts:
        return pa.table({}), tally
    return _table(count(pd.concat(parts, ignore_index=True))), tally


def _table(counts: Counts) -> pa.Table:
    """Return counts by kind and months as one table; a kind of which there are none is told too."""
    rows = [
        (kind, months, float(number))
        for kind, by_month in counts.items()
        for months, number in (by_month.to_dict() or {0: 0}).items()
    ]
    kinds, months, numbers = zip(*rows, strict=True)
    return pa.table(
        {
            "kind": pa.array(kinds, pa.string()),
            "months": pa.array(months, pa.int64()),
            "count": pa.array(numbers, pa.float64()),
        }
    )


def _by_month(
    months: "pd.Series[float]", which: "pd.Series[bool] | None" = None
) -> "pd.Series[int]":
    chosen = months if which is None else months[which]
    return chosen.dropna().astype(int).value_counts().sort_index()


def _demand(told: Told, wrong: NDArray[np.bool_]) -> None:
    told.sieve.refuse("unreadable_record", wrong)


def _dated(told: Told) -> NDArray[np.datetime64]:
    """Return when each row was, and turn away what is unreadable, too old or yet to come."""
    moment = read_moment(told.piece, told.contract)
    told.sieve.refuse("no_readable_moment", np.isnat(moment))
    refuse_expired(told.piece, told.contract, told.question, (moment, told.sieve))
    end = np.datetime64(pd.Timestamp(told.question.reference_date))
    told.sieve.leave_out("not_before_the_reference_date", moment >= end)
    return moment


def _read_access(told: Told) -> pd.DataFrame:
    rows: dict[str, NDArray[np.generic]] = {
        "account": told.people("account"),
        "duty": told.code("duty"),
        "reviewed": told.months("reviewed"),
    }
    _demand(told, (rows["account"] == NOBODY) | (rows["duty"] == ""))
    for role in ("account_kind", "standing"):
        if told.has(role):
            rows[role] = told.code(role)
            _demand(told, rows[role] == "")
    if told.has("granted"):  # who grants a right has looked at it
        rows["reviewed"] = np.fmin(rows["reviewed"], told.months("granted"))
    if told.has("used"):
        rows["used"] = told.months("used")
    if told.has("owner"):
        rows["owned"] = told.people("owner") != NOBODY
    return pd.DataFrame(rows)


def _count_access(rows: pd.DataFrame) -> Counts:
    counts = {"rights": _one(len(rows)), "accounts": _one(rows["account"].nunique())}
    here = rows
    if "standing" in rows:
        here = rows[rows["standing"] == "in_service"]
        counts |= {"in_service": _one(len(here)), "left": _one(len(rows) - len(here))}
    for role in ("reviewed", "used"):
        if role in rows:
            counts[role] = _by_month(here[role])
            counts[f"never_{role}"] = _one(here[role].isna().sum())
    if "account_kind" in rows:
        impersonal = here["account_kind"] != "personal"
        unowned = impersonal if "owned" not in rows else impersonal & ~here["owned"]
        counts |= {"impersonal": _one(impersonal.sum()), "unowned": _one(unowned.sum())}
    duties = {duty: set(part["account"]) for duty, part in here.groupby("duty")}
    build, approve = (duties.get(one, set()) for one in ("developer", "approver"))
    counts |= {"developers": _one(len(build)), "approvers": _one(len(approve))}
    return {**counts, "both_duties": _one(len(build & approve))}


def _one(number: int) -> "pd.Series[int]":
    return pd.Series({0: int(number)})


def _read_changes(told: Told) -> pd.DataFrame:
    rows: dict[str, Any] = {"author": told.people("author")}
    rows["months"] = told.ago(_dated(told))
    _demand(told, rows["author"] == NOBODY)
    rows["reviewer"] = told.people("reviewer")
    if told.has("approver"):
        rows["approver"] = told.people("approver")
    if told.has("tests"):
        rows["tests"] = told.code("tests")
    if told.has("version"):
        rows["version"] = told.text("version")
    return pd.DataFrame(rows)


def _count_changes(rows: pd.DataFrame) -> Counts:
    months, reviewer = rows["months"], rows["reviewer"]
    by_author = reviewer == rows["author"]
    counts = {
        "changes": _by_month(months),
        "by_author": _by_month(months, by_author),
        "without_reviewer": _by_month(months, reviewer == NOBODY),
    }
    out = rows["version"] != "" if "version" in rows else months.notna()
    if "tests" in rows:
        counts["released"] = _by_month(months, out)
        counts["released_untested"] = _by_month(months, out & (rows["tests"] != "passed"))
    return counts | _releases(rows[out])


def _releases(rows: pd.DataFrame) -> Counts:
    """Count versions, those released by somebody who wrote a part of them, and those by nobody.

    Every row says who wrote, also one that does not say who released.
    """
    if not {"approver", "version"} <= set(rows):
        return {}
    wrote = set(zip(rows["version"], rows["author"], strict=True))
    released = zip(rows["version"], rows["approver"], strict=True)
    own = pd.Series([one in wrote for one in released], index=rows.index, dtype=bool)
    told = rows.assign(own=own, named=rows["approver"] != NOBODY).groupby("version")
    months, any_row = told["months"].min(), told[["own", "named"]].any()
    return {
        "versions": _by_month(months),
        "versions_by_author": _by_month(months, any_row["own"]),
        "versions_without_approver": _by_month(months, ~any_row["named"]),
    }


def _read_restores(told: Told) -> pd.DataFrame:
    rows: dict[str, Any] = {"months": told.ago(_dated(told))}
    for role in ("restored", "rescored", "same"):
        if told.has(role):
            rows[role] = told.code(role)
    _demand(told, rows["restored"] == "")
    return pd.DataFrame(rows)


def _count_restores(rows: pd.DataFrame) -> Counts:
    """Count how far each trial got: a step counts only after those before it."""
    counts, reached = {"trials": _by_month(rows["months"])}, rows["months"].notna()
    for role in ("restored", "rescored", "same"):
        if role in rows:
            reached &= rows[role] == "yes"
            counts[role] = _by_month(rows["months"], reached)
    return counts


def _read_log(told: Told) -> pd.DataFrame:
    moment = _dated(told)
    rows: dict[str, Any] = {"moment": moment, "months": told.ago(moment)}
    if told.has("sequence"):
        rows["sequence"] = read_numbers(told.piece, str(told.contract.name_of("sequence")))
        _demand(told, np.isnan(rows["sequence"]))
    for role in ("digest", "previous"):
        if told.has(role):
            rows[role] = told.text(role)  # to the letter: it is no name
    return pd.DataFrame(rows)


def _count_log(rows: pd.DataFrame) -> Counts:
    """Compare each entry with the one before it, in the order of the export.

    A blank is no digest: one that is missing ties an entry to nothing.
    """
    months, after = rows["months"], pd.Series(np.arange(len(rows)) > 0)
    back = rows["moment"].diff() < -HOUR
    counts = {"entries": _by_month(months), "back": _by_month(months, back)}
    if "sequence" in rows:
        step = rows["sequence"].diff()
        counts["gaps"] = _by_month(months, after & (step != 1))
    if {"digest", "previous"} <= set(rows):
        loose = (rows["previous"] != rows["digest"].shift()) | (rows["previous"] == "")
        blank = rows["digest"] == ""
        counts["broken_link"] = _by_month(months, blank | (after & loose))
    return counts


RECORDS: dict[str, tuple[Callable[[Told], pd.DataFrame], Callable[[pd.DataFrame], Counts]]] = {
    "access": (_read_access, _count_access),
    "changes": (_read_changes, _count_changes),
    "restores": (_read_restores, _count_restores),
    "log": (_read_log, _count_log),
}
