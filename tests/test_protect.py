"""What a receipt shows: whoever solves all its sums at once gets no count of one to four back."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from cas_audit.inference.hidden import tells
from cas_audit.ingest.protect import gather, show_areas, show_scanned, show_tally, show_young
from cas_audit.ingest.sieve import NOWHERE, Rows, Sieve, Tally

MOST = 10_000
RULES = ("theme_not_asked", "no_readable_moment", NOWHERE)


def draw_tally(seed: int, *, most: int = 12) -> Tally:
    """Return a small table: few areas, few rows a rule, some without a place."""
    draw = np.random.default_rng(seed)
    tally = Tally(0)
    for area in range(-1, int(draw.integers(0, 5))):
        rules = RULES[1:] if area < 0 else RULES[:2]
        turned = {rule: int(draw.integers(0, most) * draw.integers(0, 2)) for rule in rules}
        left = {RULES[0]: turned.pop(RULES[0])} if area >= 0 else {}
        came_in = 0 if area < 0 else int(draw.integers(0, 40))
        rows = Rows(came_in + sum(turned.values()) + sum(left.values()), left, turned)
        tally.areas[area] = rows
        tally.count(rows)
    tally.young = int(draw.integers(0, tally.admitted + 1))
    return tally


def attack(shown: dict[str, Any]) -> list[str]:
    """Return what follows exactly from a receipt, as integer programming finds it.

    Unknown is each count of the totals and of each area. Of a total, one to four is hidden; of an
    area, each count lies within half a rounding of what is shown.
    """
    rules = [f"{part} {rule}" for part in ("left_out", "refused") for rule in shown[part]]
    names = ["offered", "admitted", *rules]
    half = shown.get("areas_in", 10) // 2
    low, high, said = [], [], []
    for at, one in enumerate([shown, *shown["areas"]]):
        for name in names:
            part, _, rule = name.partition(" ")
            value = one[part].get(rule, 0) if rule else one[part]
            value = value["count"] if isinstance(value, dict) else value
            nowhere = at and one["area"] is None and not one.get("together")
            zero = name == "admitted" and nowhere
            known = at and (zero or (rule and rule not in one[part]))
            free = name in {"offered", "admitted"}
            least, most = (0, MOST) if free else (1, 4)
            least, most = (0, half - 1) if at else (least, most)
            if value is not None:
                least, most = (value - half, value + half - 1) if at else (value, value)
            low.append(0 if known else least)
            high.append(0 if known else most)
            said.append(f"{at} {name}" if value is None else "")
    if shown.get("up_to_a_year") and shown["up_to_a_year"]["count"] is not None:
        low[1] = max(low[1], shown["up_to_a_year"]["count"])
    wide, sums = len(names), []
    for start in range(0, len(low), wide):
        sums.append(np.zeros(len(low)))
        sums[-1][start], sums[-1][start + 1 : start + wide] = 1, -1
    for column in range(wide) if len(low) > wide else ():
        sums.append(np.zeros(len(low)))
        sums[-1][column::wide], sums[-1][column] = -1, 1
    return [
        f"{name}: {ends[0]}"
        for cell, name in enumerate(said)
        if name and 0 < (ends := _ends(cell, sums, (low, high)))[0] == ends[1] < 5
    ]


def _ends(cell: int, sums: list[Any], box: tuple[list[int], list[int]]) -> list[int]:
    goal = np.zeros(len(box[0]))
    ends = []
    for sign in (1, -1):
        goal[cell] = sign
        found = milp(
            goal,
            integrality=np.ones(len(goal)),
            bounds=Bounds(*box),
            constraints=LinearConstraint(np.array(sums), 0, 0),
        )
        assert found.success
        ends.append(round(found.x[cell]))
    return ends


def show(tally: Tally, few: set[int] | None = None) -> dict[str, Any]:
    """Return the counts of a receipt as JSON."""
    shown = {**show_tally(tally), "up_to_a_year": show_young(tally)}
    shown |= show_areas(tally, [str(one) for one in range(30)], few or set())
    return {key: _plain(value) for key, value in shown.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.model_dump() if hasattr(value, "model_dump") else value


@pytest.mark.parametrize("seed", range(150))
def test_no_small_count_follows_from_a_receipt(seed: int) -> None:
    """Totals, areas and young rows, against an attacker who solves them all together."""
    assert [] == attack(show(draw_tally(seed)))


def test_the_attack_would_have_succeeded() -> None:
    """Rounded to tens without a second look, some of those tables do give a count away."""
    solved = []
    for seed in range(300):
        tally = draw_tally(seed)
        shown = show(tally)
        if shown.get("areas_in") != 10:
            solved += attack(_tens(tally, shown))

    assert solved


def _tens(tally: Tally, shown: dict[str, Any]) -> dict[str, Any]:
    areas = []
    for area, rows in sorted(tally.areas.items()):
        cells = {"offered": rows.offered, "admitted": rows.admitted}
        plain: dict[str, Any] = {key: _ten(value) for key, value in cells.items()}
        plain["area"] = str(area) if area >= 0 else None
        for part in ("left_out", "refused"):
            plain[part] = {rule: _ten(n) for rule, n in getattr(rows, part).items()}
        areas.append(plain)
    return {**shown, "areas_in": 10, "areas": areas}


def _ten(number: int) -> int | None:
    return None if number < 5 else (number + 5) // 10 * 10


def test_areas_are_shown_in_tens_where_that_is_enough() -> None:
    """With many areas nothing follows; under five is not told from nought."""
    areas = {
        at: Rows(40 + at + at % 5, {"theme_not_asked": at}, {"no_readable_moment": at % 5})
        for at in range(30)
    }
    tally = Tally(0, areas=areas)
    for rows in areas.values():
        tally.count(rows)
    shown = show(tally)
    first = shown["areas"][7]

    assert shown["areas_in"] == 10
    assert (first["offered"], first["admitted"]) == (50, 40)
    assert (first["left_out"], first["refused"]) == (
        {"theme_not_asked": 10},
        {"no_readable_moment": None},
    )


def test_the_sieve_counts_by_area_and_rule() -> None:
    """Against a plain loop; where there is no area, only earlier rules are named."""
    draw = np.random.default_rng(3)
    area = draw.integers(-1, 4, 500).astype(np.int32)
    early, late = draw.random(500) < 0.2, draw.random(500) < 0.3
    sieve = Sieve(500)
    sieve.refuse("early", early)
    sieve.refuse(NOWHERE, area < 0)
    sieve.leave_out("late", late)
    sieve.by_area(area)
    for at in range(4):
        mine = area == at
        rows = sieve.tally.areas[at]

        assert rows.offered == mine.sum()
        assert rows.refused == {"early": (mine & early).sum()}
        assert rows.left_out == {"late": (mine & late & ~early).sum()}
        assert rows.admitted == (mine & ~late & ~early).sum()
    assert ({}, {"early", NOWHERE}) == (
        sieve.tally.areas[-1].left_out,
        set(sieve.tally.areas[-1].refused),
    )


@pytest.mark.parametrize("seed", range(60))
def test_areas_with_few_residents_are_counted_together(seed: int) -> None:
    """At least two, with enough residents in all; what is shown tells none of them apart."""
    draw = np.random.default_rng(seed)
    tally = draw_tally(seed)
    residents = draw.choice([0.0, 4.0, 9.0, 30.0, 400.0], 5).tolist()
    few = gather(residents, 10)
    shown = show(tally, few)
    named = {one["area"] for one in shown["areas"]}

    assert all(residents[int(one)] >= 10 for one in named if one)
    assert not few or (len(few) > 1 and sum(residents[at] for at in few) >= 10) or len(few) == 5
    assert [] == attack(shown)


def test_young_rows_do_not_tell_what_is_hidden() -> None:
    """All rows admitted are young, and the admitted total is hidden beside a small count."""
    assert show_young(Tally(100, {}, {"a": 1}, young=99)).suppressed
    assert not show_young(Tally(100, {}, {"a": 1}, young=50)).suppressed


def test_scanned_rows_are_in_tens() -> None:
    """A row can hold two kinds: exact counts of both would tell how many do."""
    assert [None, 10, 10, 20] == [show_scanned(rows).count for rows in (4, 5, 14, 15)]


def test_sums_of_areas_tell() -> None:
    """Of eight in two areas that each hold at most four, each holds four."""
    low = np.array([[8, 0, 8], [0, 0, 0], [0, 0, 0]])
    high = np.array([[8, 0, 8], [9, 9, 4], [9, 9, 4]])

    assert tells(low, high, 5)
    assert not tells(low, np.where(high == 4, 9, high), 5)
