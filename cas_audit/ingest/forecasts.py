"""The door for forecasts that were made elsewhere: one for each place, week and theme."""

import json
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from cas_audit.ingest.contract import Contract
from cas_audit.ingest.counts import Key, name_keys, read_place, read_week
from cas_audit.ingest.names import Unfit
from cas_audit.ingest.question import Ground, Question
from cas_audit.ingest.sieve import Sieve, Tally
from cas_audit.ingest.values import read_codes, read_moment, read_numbers, scan

__all__ = ["FLAGS", "SHOWN", "admit_forecasts", "measures_of"]

FLAGS = ["not_flagged", "flagged"]  # what the codes of a flag stand for
SHOWN = {"score": "score", "flag": "flagged", "count": "count"}
EXACT = "exact_"  # before the name of a column by which only repeats are told; it does not leave


def measures_of(contract: Contract) -> list[str]:
    """Return how the columns are called in which a contract says what is forecast."""
    return [name for role, name in SHOWN.items() if contract.column(role)]


def admit_forecasts(
    pieces: Iterable[pa.Table], contract: Contract, question: Question, ground: Ground
) -> tuple[pa.Table, Tally]:
    """Admit forecasts, each for a place, and for a week and theme where the contract has them.

    Numbers of predictions at different points or days of one cell and week are added up; of a score
    or a flag there can be one only.

    Raises:
        Unfit: a place has more than one forecast for the same time and theme.
    """
    tally, parts = Tally(0), []
    for piece in pieces:
        part, one = _admit(piece, contract, question, ground)
        parts.append(part)
        tally.add(one)
    if not parts:
        return pa.table({}), tally
    rows, measures = pd.concat(parts, ignore_index=True), measures_of(contract)
    exact = [name for name in map(str, rows) if name.startswith(EXACT)]
    keys = [name for name in map(str, rows) if name not in {*exact, *measures}]
    adds_up = measures == ["count"]
    _demand_once(rows[keys + exact] if adds_up else rows[keys])
    table = rows.drop(columns=exact)
    if adds_up and len(table):
        table = table.groupby(keys, as_index=False).sum()
    return pa.Table.from_pandas(table, preserve_index=False), tally


def _demand_once(rows: pd.DataFrame) -> None:
    repeated = int(rows.duplicated().sum())
    if repeated:
        said = {"kind": "repeated", "rows": repeated, "offered": len(rows)}
        raise Unfit(json.dumps(said))


def _admit(
    piece: pa.Table, contract: Contract, question: Question, ground: Ground
) -> tuple[pd.DataFrame, Tally]:
    sieve = Sieve(piece.num_rows)
    scan(piece, contract, sieve)
    keys, area = read_place(piece, contract, ground, sieve)
    if contract.column("moment") or contract.column("date"):
        keys |= read_week(piece, contract, question, sieve)
    if contract.column("theme"):
        code = read_codes(piece, contract.column("theme"), question.themes, sieve)
        sieve.leave_out("theme_not_asked", code < 0)
        keys["theme"] = Key(code, question.themes)
    measures = _measures(piece, contract, sieve)
    sieve.by_area(area)
    columns = {name: name_keys(name, key, sieve.kept) for name, key in keys.items()}
    for name, values in {**measures, **_exact(piece, contract)}.items():
        columns[name] = values[sieve.kept]
    return pd.DataFrame(columns), sieve.tally


def _measures(piece: pa.Table, contract: Contract, sieve: Sieve) -> dict[str, NDArray[np.generic]]:
    """Return score, flag and number of predictions, as far as the contract has them."""
    found: dict[str, NDArray[np.generic]] = {}
    decimal = contract.dialect.decimal
    if contract.column("score"):
        score = read_numbers(piece, str(contract.name_of("score")), decimal)
        sieve.refuse("no_readable_score", np.isnan(score))
        found["score"] = score
    if contract.column("flag"):
        code = read_codes(piece, contract.column("flag"), FLAGS, sieve)
        found["flagged"] = code == FLAGS.index("flagged")
    if contract.column("count"):
        count = read_numbers(piece, str(contract.name_of("count")), decimal)
        sieve.refuse("no_readable_count", ~(count >= 0))
        found["count"] = count
    return found


def _exact(piece: pa.Table, contract: Contract) -> dict[str, NDArray[np.generic]]:
    """Return what tells two rows of one cell and week apart."""
    found: dict[str, NDArray[np.generic]] = {}
    for role in ("x", "y"):
        if contract.column(role):
            name = str(contract.name_of(role))
            found[f"{EXACT}{role}"] = read_numbers(piece, name, contract.dialect.decimal)
    if contract.column("moment") or contract.column("date"):
        found[f"{EXACT}moment"] = read_moment(piece, contract)
    return found
