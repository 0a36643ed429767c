"""The door for tables that are counts per place: suspects, stops, decisions, patrols and such."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from cas_audit.ingest.coarse import monday_of, week_of
from cas_audit.ingest.contract import Contract
from cas_audit.ingest.incidents import refuse_expired
from cas_audit.ingest.question import Ground, Question
from cas_audit.ingest.sieve import Sieve, Tally
from cas_audit.ingest.values import read_codes, read_moment, read_numbers, read_points, scan

__all__ = ["DECISIONS", "MEASURES", "Key", "admit_counts", "name_keys", "read_place", "read_week"]

DECISIONS = ["followed", "partly_followed", "not_followed"]
AGES = (0, 12, 18, 25, 45, 65)  # first year of each band
BANDS = ["0-11", "12-17", "18-24", "25-44", "45-64", "65+"]
OLDEST = 120
SECONDS = (0, 10, 60, 300)  # first second of each band
TAKEN = ["0-9", "10-59", "60-299", "300+"]
MEASURES = {
    "suspects": "suspects",
    "patrols": "hours",
    "survey": "respondents",
}


class Key(NamedTuple):
    """One coarse column: the place of each row's value among names, -1 where it has none."""

    code: NDArray[np.int64]
    names: list[str] | None = None  # without names the code itself is kept


def admit_counts(
    pieces: Iterable[pa.Table], contract: Contract, question: Question, ground: Ground
) -> tuple[pa.Table, Tally]:
    """Admit rows, coarsen each key and add the measures up, piece by piece.

    Returns:
        One row per place (cell or area), week, theme, decision, age band and time taken, as far
        as the contract has them, with the measure of the table: suspects, hours, respondents with
        reported_share (0 to 1), or else count; and the tally.
    """
    tally, parts = Tally(0), []
    for piece in pieces:
        part, one = _admit(piece, contract, question, ground)
        parts.append(part)
        tally.add(one)
    if not parts:
        return pa.table({}), tally
    keys = [name for name in parts[0] if name not in {_measure(contract), "weighted"}]
    rows = pd.concat(parts, ignore_index=True)
    summed = rows.groupby(keys, as_index=False, dropna=False).sum() if len(rows) else rows
    if "weighted" in summed:
        known = summed["respondents"].where(summed["respondents"] > 0)
        summed["reported_share"] = summed.pop("weighted") / known
    return pa.Table.from_pandas(summed, preserve_index=False), tally


def _measure(contract: Contract) -> str:
    return MEASURES.get(contract.table, "count")


def _admit(
    piece: pa.Table, contract: Contract, question: Question, ground: Ground
) -> tuple[pd.DataFrame, Tally]:
    sieve = Sieve(piece.num_rows)
    scan(piece, contract, sieve)
    keys, area = read_place(piece, contract, ground, sieve)
    if contract.column("moment") or contract.column("date"):
        keys |= read_week(piece, contract, question, sieve)
    for role, asked in (("theme", question.themes), ("decision", DECISIONS)):
        if contract.column(role):
            code = read_codes(piece, contract.column(role), asked, sieve)
            sieve.leave_out(f"{role}_not_asked", code < 0)
            keys[role] = Key(code, asked)
    if contract.column("age"):
        keys["age_band"] = _band(piece, contract, sieve)
    if contract.column("seconds"):
        keys["taken"] = _taken(piece, contract, sieve)
    measures = _measures(piece, contract, sieve)
    sieve.by_area(area)
    columns = {name: name_keys(name, key, sieve.kept) for name, key in keys.items()}
    columns |= {name: values[sieve.kept] for name, values in measures.items()}
    return pd.DataFrame(columns), sieve.tally


def name_keys(name: str, key: Key, kept: NDArray[np.bool_]) -> NDArray[np.generic]:
    """Return a coarse column of the rows that were kept, a week as its Monday."""
    code = key.code[kept]
    if name == "week":
        return monday_of(code)
    return np.array(key.names, dtype=object)[code] if key.names else code


def read_place(
    piece: pa.Table, contract: Contract, ground: Ground, sieve: Sieve
) -> tuple[dict[str, Key], NDArray[np.int32]]:
    """Return the area or cell of each row, whichever the contract has, and the area of each."""
    if contract.column("area"):
        text = piece[str(contract.name_of("area"))].cast(pa.string()).to_pandas()
        area = pd.Index(ground.codes).get_indexer(text).astype(np.int32)
        sieve.refuse("outside_the_areas", area < 0)
        return {"area": Key(area.astype(np.int64), ground.codes)}, area
    if contract.column("cell"):
        number = read_numbers(piece, str(contract.name_of("cell")))
        known = (number >= 0) & (number < len(ground.area)) & (number == np.floor(number))
        cell = np.where(known, number, -1).astype(np.int64)
        area = ground.areas_of(cell)
        sieve.refuse("outside_the_areas", area < 0)
        return {"cell": Key(cell)}, area
    cell = ground.grid.cell(*read_points(piece, contract, ground.grid))
    area = ground.areas_of(cell)
    sieve.refuse("outside_the_areas", area < 0)
    x, y = read_points(piece, contract, ground.grid, swapped=True)
    exchanged = ground.areas_of(ground.grid.cell(x, y)) >= 0
    sieve.tally.swapped = int(np.count_nonzero(exchanged & (area < 0)))
    return {"cell": Key(cell)}, area


def read_week(
    piece: pa.Table, contract: Contract, question: Question, sieve: Sieve
) -> dict[str, Key]:
    """Return the week of each row; refuse what is too old, leave out what is yet to come."""
    moment = read_moment(piece, contract)
    sieve.refuse("no_readable_moment", np.isnat(moment))
    refuse_expired(piece, contract, question, (moment, sieve))
    end = np.datetime64(pd.Timestamp(question.reference_date))
    sieve.leave_out("not_before_the_reference_date", moment >= end)
    return {"week": Key(week_of(moment))}


def _band(piece: pa.Table, contract: Contract, sieve: Sieve) -> Key:
    """Return the age band; the age itself goes no further."""
    age = read_numbers(piece, str(contract.name_of("age")), contract.dialect.decimal)
    sieve.refuse("no_possible_age", ~((age >= 0) & (age <= OLDEST)))
    return Key(np.searchsorted(AGES, np.nan_to_num(age), side="right") - 1, BANDS)


def _taken(piece: pa.Table, contract: Contract, sieve: Sieve) -> Key:
    """Return how long a decision took, as a band."""
    seconds = read_numbers(piece, str(contract.name_of("seconds")), contract.dialect.decimal)
    sieve.refuse("no_readable_seconds", ~(seconds >= 0))
    return Key(np.searchsorted(SECONDS, np.nan_to_num(seconds), side="right") - 1, TAKEN)


def _measures(piece: pa.Table, contract: Contract, sieve: Sieve) -> dict[str, NDArray[np.float64]]:
    """Return what is added up; a row without a column for it counts as one."""
    name = _measure(contract)
    role = {"suspects": "count"}.get(name, name)
    decimal = contract.dialect.decimal
    if not contract.column(role):
        return {name: np.ones(piece.num_rows)}
    values = read_numbers(piece, str(contract.name_of(role)), decimal)
    sieve.refuse(f"no_readable_{role}", ~(values >= 0))
    if role != "respondents":
        return {name: values}
    column = contract.column("reported_share")
    share = read_numbers(piece, column.name, decimal) if column else values
    share = share / 100 if column and column.unit == "percent" else share
    sieve.refuse("no_possible_share", ~((share >= 0) & (share <= 1)))
    return {name: values, "weighted": values * share}
