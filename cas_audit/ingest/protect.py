"""Counts fit to be shown to anyone: no count of one to four can be read, or worked out.

Who subtracts must not get a small count back. Suppose an attacker has the whole receipt and knows
these rules. A count of one to four is hidden; a total that would give it away is hidden with it.
Areas with few residents are counted together: there a count would point at a household.
Counts of an area are rounded, and what is small there is not told from nought. The sums of areas
are totals that stand on the same receipt, so the rounding is made coarser until no count of one to
four follows from all sums together (`inference/hidden.py`). `tests/test_protect.py` attacks it.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from cas_audit.config import SMALLEST_COUNT
from cas_audit.inference.hidden import tells
from cas_audit.ingest.receipt import Count, OfArea
from cas_audit.ingest.sieve import NOWHERE, Rows, Tally

__all__ = ["gather", "show_areas", "show_count", "show_scanned", "show_tally", "show_young"]

HIDDEN = Count(count=None, suppressed=True)
TENS = 10
FEWEST = 2  # areas that are counted together
NO_PLACE, TOGETHER = -1, -2  # among the places of areas
ANY = 1 << 40  # more rows than any table holds
Bounds = tuple[NDArray[np.int64], NDArray[np.int64]]


def show_count(number: int) -> Count:
    """Return a count fit to be shown.

    >>> show_count(3)
    Count(count=None, suppressed=True)
    """
    return HIDDEN if 0 < number < SMALLEST_COUNT else Count(count=number)


def show_scanned(rows: int) -> Count:
    """Return rows with an identifier, in tens: rules and columns count the same rows twice."""
    shown = show_count(rows)
    return shown if shown.suppressed else Count(count=_round(rows, TENS) or 0)


def show_tally(tally: Tally) -> dict[str, object]:
    """Return the counts of a tally fit to be shown.

    When any count is suppressed, the admitted total is too: it could give it away. When only the
    admitted total is small, or a small count follows all the same, the offered one goes with it.
    """
    low, high = _totals(tally)
    offered, admitted = (HIDDEN if low[0, at] < high[0, at] else None for at in (0, 1))
    parts = {
        name: {rule: show_count(number) for rule, number in counts.items()}
        for name, counts in (("left_out", tally.left_out), ("refused", tally.refused))
    }
    return {
        "offered": offered or Count(count=tally.offered),
        "admitted": admitted or Count(count=tally.admitted),
        **parts,
    }


def show_young(tally: Tally) -> Count:
    """Return the admitted rows of at most a year old, unless that would tell a few older ones.

    Where the admitted total is hidden, it would tell the least it can be.
    """
    older = tally.admitted - tally.young
    hidden = any(
        0 < n < SMALLEST_COUNT for n in (*tally.left_out.values(), *tally.refused.values())
    )
    if 0 < older < SMALLEST_COUNT or (hidden and older < SMALLEST_COUNT):
        return HIDDEN
    return show_count(tally.young)


def gather(residents: list[float], smallest: float) -> set[int]:
    """Return the areas that are counted together: each with too few residents, and more.

    The least populated of the others join until two areas and enough residents are together, so
    that subtracting what is shown gives neither of them away.

    >>> sorted(gather([40, 3, 900, 0], 10))
    [0, 1, 3]
    """
    order = sorted(range(len(residents)), key=lambda area: (residents[area], area))
    few = sum(residents[area] < smallest for area in order)
    if not few:
        return set()
    while few < len(order) and (
        few < FEWEST or sum(residents[at] for at in order[:few]) < smallest
    ):
        few += 1
    return set(order[:few])


def show_areas(tally: Tally, codes: list[str], few: set[int]) -> dict[str, object]:
    """Return `areas`, those without a place last, and `areas_in`: to what they are rounded.

    Where no rounding is coarse enough, no area is shown.

    Args:
        tally: of the table.
        codes: of the areas.
        few: areas that are counted together.
    """
    tally = _gathered(tally, few)
    for step in _steps(tally.offered):
        if not tells(*_bounds(tally, step), SMALLEST_COUNT):
            order = {TOGETHER: 1, NO_PLACE: 2}
            places = sorted(tally.areas, key=lambda area: (order.get(area, 0), area))
            areas = [_show(tally, at, codes, step) for at in places]
            together = {"together": len(few)}
            shown = [
                one.model_copy(update=together) if at == TOGETHER else one
                for at, one in zip(places, areas, strict=True)
            ]
            return {"areas_in": step, "areas": shown}
    return {"areas": []}


def _gathered(tally: Tally, few: set[int]) -> Tally:
    """Return the tally with some areas counted as one."""
    areas = {area: rows for area, rows in tally.areas.items() if area not in few}
    together = Rows(0)
    for area in few & tally.areas.keys():
        together.count(tally.areas[area])
    if together.offered:
        areas[TOGETHER] = together
    return replace(tally, areas=areas)


def _show(tally: Tally, area: int, codes: list[str], step: int) -> OfArea:
    rows = _known(tally, area)
    return OfArea(
        area=codes[area] if area >= 0 else None,
        offered=_round(rows.offered, step),
        admitted=0 if area == NO_PLACE else _round(rows.admitted, step),
        left_out={rule: _round(number, step) for rule, number in rows.left_out.items()},
        refused={rule: _round(number, step) for rule, number in rows.refused.items()},
    )


def _steps(offered: int) -> Iterator[int]:
    """Yield 10, 50, 100, 500 and so on, until everything is under half of it."""
    step, times = TENS, cycle((5, 2))
    while step <= 2 * max(offered, TENS) * TENS:
        yield step
        step *= next(times)


def _round(number: int, step: int) -> int | None:
    return None if number < step // 2 else (number + step // 2) // step * step


def _known(tally: Tally, area: int) -> Rows:
    """Return the rows of an area by the rules that turned away any row and can meet one there."""
    rows = tally.areas[area]
    parts = [
        {
            rule: mine.get(rule, 0)
            for rule, total in whole.items()
            if total and _meets(rule, area, mine)
        }
        for whole, mine in ((tally.left_out, rows.left_out), (tally.refused, rows.refused))
    ]
    return Rows(rows.offered, *parts)


def _meets(rule: str, area: int, known: dict[str, int]) -> bool:
    if area != NO_PLACE:
        return rule != NOWHERE
    return rule in known or rule.startswith("looks_like_")  # searched before places are read


def _rules(tally: Tally) -> list[str]:
    return [rule for part in (tally.left_out, tally.refused) for rule, n in part.items() if n]


def _totals(tally: Tally) -> Bounds:
    """Return the least and most of each total, as whoever reads the receipt knows them: one row.

    Rows admitted can be any number where a part is hidden, since they are hidden with it.
    """
    parts = [tally.left_out.get(rule, tally.refused.get(rule, 0)) for rule in _rules(tally)]
    low = np.array([[tally.offered, tally.admitted, *parts]])
    high = low.copy()
    small = (low > 0) & (low < SMALLEST_COUNT)
    low[small], high[small] = 1, SMALLEST_COUNT - 1
    if small[0, 2:].any():
        low[0, 1], high[0, 1] = 0, ANY
    if small[0, 0] or tells(low, high, SMALLEST_COUNT):
        low[0, 0], high[0, 0] = 0, ANY
    return low, high


def _bounds(tally: Tally, step: int) -> Bounds:
    """Return the same with a row for each area below the totals."""
    totals = _totals(tally)
    cells = [_cells(tally, area, step) for area in tally.areas]
    low, high = np.array(cells, dtype=np.int64).reshape(-1, totals[0].size, 2).transpose(2, 0, 1)
    return np.concatenate([totals[0], low]), np.concatenate([totals[1], high])


def _cells(tally: Tally, area: int, step: int) -> list[tuple[int, int]]:
    """Return least and most of each count of an area; what cannot occur there is nought."""
    rows = _known(tally, area)
    parts = {**rows.left_out, **rows.refused}
    admitted = (0, 0) if area == NO_PLACE else _range(rows.admitted, step)
    found = [_range(parts[one], step) if one in parts else (0, 0) for one in _rules(tally)]
    return [_range(rows.offered, step), admitted, *found]


def _range(number: int, step: int) -> tuple[int, int]:
    middle, half = _round(number, step), step // 2
    return (0, half - 1) if middle is None else (middle - half, middle + half - 1)
