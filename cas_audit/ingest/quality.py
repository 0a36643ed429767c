"""Quality counted at the gate, before exact places and moments are gone.

Counted are rows of the themes that are asked, admitted or not, per area, week and theme; the area
or week is unknown where the row says none. Duplicates and heaps need all rows: three numbers a row
are held for them until the table ends.
"""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cas_audit.ingest.coarse import monday_of, week_of
from cas_audit.ingest.contract import Contract
from cas_audit.ingest.grid import Grid
from cas_audit.ingest.values import to_grid

__all__ = ["BASES", "HEAP", "KINDS", "Quality"]

Numbers = NDArray[np.int64]
Hashes = NDArray[np.uint64]
HEAP = 20  # rows of one theme at one exact point
LAGS = (0, 2, 8, 29, 92)  # days from incident to record: before, 0-1, 2-7, 8-28, 29-91, later
KINDS = (
    "rows", "no_moment", "no_place", "default_place", "outside_the_areas", "duplicate", "heap",
    "lag_before", "lag_0_1_days", "lag_2_7_days", "lag_8_28_days", "lag_29_91_days", "lag_92_days",
    "lag_unknown", "heard", "seen", "judged", "basis_unknown",
)  # fmt: skip
# On what a record rests: what someone said, what an officer saw, or what one thought of it.
BASES = ["heard", "seen", "judged"]
SAME_POINT_M = 0.5
MULTIPLIERS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)


class Quality:
    """Counts what is wrong with rows, by area, week and theme."""

    def __init__(self, themes: list[str], codes: list[str]) -> None:
        """Count nothing yet."""
        self.themes, self.codes = themes, codes
        self.counts: dict[str, list[Numbers]] = {kind: [] for kind in KINDS}
        self.points: list[Hashes] = []
        self.rows: list[Hashes] = []
        self.places: list[Numbers] = []

    def add(
        self,
        contract: Contract,
        grid: Grid,
        row: tuple[Numbers, NDArray[np.int32], NDArray[np.datetime64]],
        exact: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.datetime64] | None],
        outside: NDArray[np.bool_],
        *,
        basis: Numbers | None = None,
    ) -> None:
        """Count the rows of a piece.

        Args:
            contract: names the places that stand for none.
            grid: gives the CRS of `exact`.
            row: theme (-1: not asked), area (-1: unknown) and moment, each of shape (rows,).
            exact: x and y (metres) and when it was recorded, if that is known; same shape.
            outside: whether the place lies in no area, whatever area the source names; same shape.
            basis: its place in `BASES`, -1 where unknown; same shape. None where no source says.
        """
        theme, area, moment = row
        x, y, recorded = exact
        asked = theme >= 0
        week = week_of(moment)
        place = ((area.astype(np.int64) + 1) * (1 << 14) + week + 1) * (1 << 8) + theme
        somewhere = np.isfinite(x) & np.isfinite(y)
        default = somewhere & _at_default(x, y, contract, grid)
        masks = {
            "rows": asked,
            "no_moment": np.isnat(moment),
            "no_place": ~somewhere,
            "default_place": default,
            "outside_the_areas": somewhere & ~default & outside,
            **_lags(moment, recorded),
            **_bases(basis),
        }
        for kind, mask in masks.items():
            self.counts[kind].append(_count(place[asked & mask]))
        told = asked & somewhere & ~default
        point = _mix(np.round(x[told]), np.round(y[told]), theme[told])
        self.points.append(point)
        self.rows.append(_mix(point, moment[told].astype(np.int64), np.zeros(len(point))))
        self.places.append(place[told])

    def table(self) -> pa.Table:
        """Return columns kind, area (null: unknown), week (Monday, null: unknown), theme, count."""
        if self.places:
            place = np.concatenate(self.places)
            first, again = _repeated(np.concatenate(self.rows), 2)
            self.counts["duplicate"].append(_count(place[again & ~first]))
            self.counts["heap"].append(
                _count(place[_repeated(np.concatenate(self.points), HEAP)[1]])
            )
        parts = [self._part(kind) for kind in KINDS]
        return pa.concat_tables(parts)

    def _part(self, kind: str) -> pa.Table:
        pairs = np.concatenate([np.empty((2, 0), dtype=np.int64), *self.counts[kind]], axis=1)
        key, at = np.unique(pairs[0], return_inverse=True)
        count = np.bincount(at, pairs[1], len(key)).astype(np.int64)
        rest, theme = np.divmod(key, 1 << 8)
        area, week = np.divmod(rest, 1 << 14)
        names = pa.array([None, *self.codes], pa.string())
        return pa.table(
            {
                "kind": pa.array([kind] * len(key), pa.string()),
                "area": names.take(pa.array(area)),
                "week": pa.array(monday_of(week - 1)),
                "theme": pa.array(self.themes, pa.string()).take(pa.array(theme)),
                "count": count,
            }
        )


def _count(keys: Numbers) -> Numbers:
    return np.stack(np.unique(keys, return_counts=True)).astype(np.int64)


def _lags(
    moment: NDArray[np.datetime64], recorded: NDArray[np.datetime64] | None
) -> dict[str, NDArray[np.bool_]]:
    """Return which rows were recorded how long after the incident, in classes of days."""
    if recorded is None:
        return {}
    days = recorded.astype("datetime64[D]") - moment.astype("datetime64[D]")
    known = ~np.isnat(days)
    level = np.searchsorted(LAGS, np.where(known, days.astype(np.int64), 0), side="right")
    lags = [kind for kind in KINDS if kind.startswith("lag_")][:-1]
    classes = {kind: known & (level == at) for at, kind in enumerate(lags)}
    return {**classes, "lag_unknown": ~known}


def _bases(basis: Numbers | None) -> dict[str, NDArray[np.bool_]]:
    if basis is None:
        return {}
    known = {name: basis == at for at, name in enumerate(BASES)}
    return {**known, "basis_unknown": basis < 0}


def _at_default(
    x: NDArray[np.float64], y: NDArray[np.float64], contract: Contract, grid: Grid
) -> NDArray[np.bool_]:
    """Say which points are those that the source system writes when it knows none."""
    found = np.zeros(len(x), dtype=bool)
    for x_none, y_none in contract.default_places:
        one, other = to_grid(np.array([x_none]), np.array([y_none]), contract, grid)
        found |= (np.abs(x - one) < SAME_POINT_M) & (np.abs(y - other) < SAME_POINT_M)
    return found


def _mix(*parts: NDArray[Any]) -> Hashes:
    """Return one well-mixed number for each row (multiply and shift, as splitmix64 does)."""
    mixed = np.zeros(len(parts[0]), dtype=np.uint64)
    for part, multiplier in zip(parts, MULTIPLIERS, strict=True):
        known = part.dtype == np.uint64
        bits = np.asarray(part, np.uint64) if known else np.asarray(part, float).view(np.uint64)
        mixed = (mixed ^ bits) * np.uint64(multiplier)
        mixed ^= mixed >> np.uint64(29)
    return mixed


def _repeated(hashes: Hashes, least: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say which rows are the first of their kind, and which are of a kind with enough rows."""
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    start = np.ones(len(ordered), dtype=bool)
    start[1:] = ordered[1:] != ordered[:-1]
    sizes = np.diff(np.flatnonzero(start), append=len(ordered))
    first, enough = np.empty((2, len(ordered)), dtype=bool)
    first[order], enough[order] = start, np.repeat(sizes >= least, sizes)
    return first, enough
