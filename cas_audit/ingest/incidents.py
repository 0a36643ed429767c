"""The door for incidents: each row is judged, coarsened and counted, and forgotten."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from cas_audit.ingest.coarse import Counter
from cas_audit.ingest.contract import Contract
from cas_audit.ingest.moments import Clock
from cas_audit.ingest.quality import BASES, Quality
from cas_audit.ingest.question import Ground, Question
from cas_audit.ingest.retention import EXPIRED, years_before
from cas_audit.ingest.sieve import Sieve, Tally
from cas_audit.ingest.values import (
    read_codes,
    read_moment,
    read_points,
    read_when,
    scan,
)

__all__ = ["admit_incidents", "refuse_expired"]

Moments = NDArray[np.datetime64]


def admit_incidents(
    pieces: Iterable[pa.Table],
    contract: Contract,
    question: Question,
    ground: Ground,
    *,
    full: bool,
) -> tuple[pa.Table, pa.Table, pa.Table, Tally]:
    """Admit incidents, and coarsen and count them piece by piece.

    Args:
        pieces: admitted columns under the names of the contract.
        contract: of the incidents.
        question: what is asked.
        ground: grid and areas.
        full: scan contents and count quality too; without, only places and moments are read.

    Returns:
        Counts (`Counter.table`), counts of quality (`Quality.table`), counts of weekdays and shifts
        (`Clock.table`; none where the hour is not known), and the tally.
    """
    counter = Counter(question.themes, question.channels)
    quality = Quality(question.themes, ground.codes)
    clock = Clock(question.themes, ground.codes)
    into = (counter, clock, quality if full else None)
    tally = Tally(0)
    for piece in pieces:
        tally.add(_admit(piece, contract, question, ground, into))
    return counter.table(), quality.table(), clock.table(), tally


def _admit(
    piece: pa.Table,
    contract: Contract,
    question: Question,
    ground: Ground,
    into: tuple[Counter, Clock, Quality | None],
) -> Tally:
    counter, clock, quality = into
    sieve = Sieve(piece.num_rows)
    if quality:
        scan(piece, contract, sieve)
    theme = read_codes(piece, contract.column("theme"), question.themes, sieve)
    channel = read_codes(piece, contract.column("channel"), question.channels, sieve)
    moment = read_moment(piece, contract)
    sieve.refuse("no_readable_moment", np.isnat(moment))
    x, y = read_points(piece, contract, ground.grid)
    cell = ground.grid.cell(x, y)
    area = ground.areas_of(cell)
    outside = area < 0
    sieve.refuse("outside_the_areas", outside)
    sieve.leave_out("theme_not_asked", theme < 0)
    sieve.leave_out("channel_not_asked", channel < 0)
    refuse_expired(piece, contract, question, (moment, sieve))
    sieve.leave_out("not_before_the_reference_week", moment >= _monday(question))
    kept = sieve.kept
    year_old = np.datetime64(years_before(question.reference_date, 1))
    sieve.tally.young = int(np.count_nonzero(moment[kept] >= year_old))
    sieve.tally.swapped = _swapped(piece, contract, ground, outside)
    sieve.by_area(area)
    counter.add(cell[kept], moment[kept], theme[kept], channel[kept])
    if contract.column("moment") or contract.column("hour"):
        clock.add(theme[kept], area[kept], moment[kept])
    if quality:
        recorded = contract.name_of("recorded")
        zone = contract.time_zone
        registered = read_when(piece, recorded, zone) if recorded else None
        told = _told_area(piece, contract, ground, area)
        row, exact = (theme, told, moment), (x, y, registered)
        quality.add(contract, ground.grid, row, exact, outside, basis=_basis(piece, contract))
    return sieve.tally


def _basis(piece: pa.Table, contract: Contract) -> NDArray[np.int64] | None:
    """Return on what each row rests; what the contract does not name is unknown, not refused."""
    column = contract.column("basis")
    return read_codes(piece, column, BASES, Sieve(piece.num_rows)) if column else None


def _told_area(
    piece: pa.Table, contract: Contract, ground: Ground, area: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Return the area of each row by its place, or else by what the source names."""
    column = contract.name_of("area")
    if column is None:
        return area
    text = piece[column].cast(pa.string()).to_pandas()
    told = pd.Index(ground.codes).get_indexer(text)
    found: NDArray[np.int32] = np.where(area < 0, told, area).astype(np.int32)
    return found


def refuse_expired(
    piece: pa.Table, contract: Contract, question: Question, rows: tuple[Moments, Sieve]
) -> None:
    """Refuse rows older than their retention, and rows that were removed from use (Wpg 14)."""
    moment, sieve = rows
    too_old, removed_from_use = EXPIRED
    start = np.datetime64(years_before(question.reference_date, question.years))
    sieve.refuse(too_old, moment < start)
    removed = contract.name_of("removed")
    if removed:
        day = read_when(piece, removed, contract.time_zone)
        sieve.refuse(removed_from_use, day <= np.datetime64(pd.Timestamp(question.reference_date)))


def _monday(question: Question) -> np.datetime64:
    day = pd.Timestamp(question.reference_date)
    return np.datetime64(day - pd.Timedelta(days=day.day_of_week))


def _swapped(
    piece: pa.Table, contract: Contract, ground: Ground, outside: NDArray[np.bool_]
) -> int:
    """Count the points outside that would lie inside with their coordinates exchanged."""
    if not outside.any():
        return 0
    x, y = read_points(piece.filter(pa.array(outside)), contract, ground.grid, swapped=True)
    return int(np.count_nonzero(ground.areas_of(ground.grid.cell(x, y)) >= 0))
