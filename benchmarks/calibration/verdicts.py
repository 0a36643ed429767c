"""The checks themselves, on cities that have exactly the stated value: who passes, who is found?"""

import tempfile
import zlib
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from cities import BUILD, NoSuchCity, Wanted
from picture import Curve, Panel, draw
from tables import share_of, table

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome
from cas_audit.audit.programme import list_checks, run_check
from cas_audit.simulate.geography import invented

LESS = 0.6  # of misses, which cannot be half again as many where most is missed
RATIOS, GAINS = (0.8, 1.0, 1.25, 1.5), (0.0, -0.02, -0.05)
TOLD = (0.02, 0.1, 0.3)  # of where a group lives; at nought a fit tells a little less than nought
SPARSE, SMALL, DENSE, LARGE = (  # side, incidents a week
    (42, 5.0), (42, 20.0), (42, 80.0), (115, 120.0),
)  # fmt: skip
SETTINGS: list[dict[str, Any]] = [
    {"check": check, "built": built, "side": side, "a_week": a_week, "hold_weeks": hold,
     "true": true, "cities": cities}
    for check, built, values, sizes, holds, cities in (
        ("model/even_exposure", "counting_refitted", RATIOS, (SPARSE, SMALL), (0,), 60),
        ("model/even_exposure", "flags_of_a_table", RATIOS, (SMALL, LARGE), (4, 26), 200),
        ("model/even_precision", "flags_and_outcomes", RATIOS, (SPARSE, SMALL, LARGE), (0,), 200),
        ("model/even_misses", "flags_that_miss", (LESS, *RATIOS[:-1]), (SPARSE, SMALL, LARGE),
         (0,), 200),
        ("model/exposure_follows_need", "flags_beside_need", RATIOS, (SMALL, LARGE), (4,), 200),
        ("model/calibrated_in_every_group", "scores_that_expect", RATIOS,
         (SPARSE, (42, 80.0), LARGE), (0,), 200),
        ("model/even_false_flags", "flags_in_vain", RATIOS, (SPARSE, SMALL, LARGE), (0,), 200),
        ("model/no_worse_than_counting", "two_forecasters", GAINS, (SPARSE, SMALL, LARGE),
         (0,), 200),
        ("data/past_attention_is_even", "records_found", RATIOS[1:], (SPARSE, SMALL, LARGE),
         (0,), 200),
        ("data/reporting_is_even", "victims_asked", RATIOS, (SPARSE, SMALL, LARGE), (0,), 200),
        ("data/patrols_do_not_make_the_data", "records_on_patrol", RATIOS, (DENSE, LARGE),
         (0,), 200),
        ("data/places_are_represented", "places_known", RATIOS, (SMALL, LARGE), (0,), 200),
        ("data/locations_are_complete", "records_placed", RATIOS, (SPARSE, SMALL), (0,), 200),
        ("data/registration_is_timely", "records_filed", RATIOS, (SPARSE, SMALL), (0,), 200),
        ("data/no_feature_stands_for_a_group", "features_that_tell", TOLD, (SMALL, LARGE),
         (0,), 100),
        ("model/no_hidden_group_is_worse_off", "cells_that_nobody_named", (LESS, *RATIOS[:2]),
         (SMALL, DENSE, (42, 600.0)), (0,), 200),
        ("model/no_worse_in_any_group", "two_forecasters_by_group", GAINS, (SMALL, DENSE, LARGE),
         (0,), 100),
    )
    for side, a_week in sizes
    for hold in holds
    for true in values
]  # fmt: skip
CHECKS = list_checks()
MOST_DRAWN = 50  # cities for one that can have the stated value
SAID = {Outcome.MET: "met", Outcome.NOT_MET: "not_met", Outcome.INSUFFICIENT: "insufficient"}
BUILT = {
    "counting_refitted": "histories drawn again",
    "flags_of_a_table": "stretches of weeks",
    "flags_and_outcomes": "outcomes given flags",
    "flags_beside_need": "stretches of weeks",
    "scores_that_expect": "outcomes given scores",
    "flags_that_miss": "outcomes given flags",
    "flags_in_vain": "outcomes given flags",
    "two_forecasters": "outcomes given flags",
    "records_found": "half-years of records",
    "victims_asked": "half-years of records, and a survey",
    "places_known": "quarters of records",
    "records_on_patrol": "half-years of records",
    "records_placed": "half-years of records",
    "records_filed": "half-years of records",
    "features_that_tell": "wide blocks of space",
    "cells_that_nobody_named": "outcomes given flags",
    "two_forecasters_by_group": "outcomes given flags",
}
CITY = ("check", "built", "side", "a_week", "hold_weeks")
UNMEASURED = {
    "model/fairness_without_proxies": "judges models fitted again without a source",
}  # no city is built yet


def measure(*, check: str, built: str, true: float, cities: int, **city: Any) -> dict[str, Any]:  # noqa: ANN401 - of Wanted
    """Draw cities, run the check on the dossier of each, and count what it says."""
    wanted = Wanted(true=true, **city)
    asked = [_ask(check, built, wanted, number) for number in range(cities)]
    found = [one for one, _ in asked]
    counted = {name: sum(one.outcome is kind for one in found) for kind, name in SAID.items()}
    if sum(counted.values()) < cities:
        message = f"{check} said neither yes nor no: {sorted({str(one.outcome) for one in found})}"
        raise SystemExit(message)
    issued = [one for one in found if one.interval]
    gaps = [one.smallest_gap for one in issued if one.smallest_gap is not None]
    return {
        **counted,
        "redrawn": sum(times for _, times in asked),
        "issued": len(issued),
        "covers": sum(_covers(one, true) for one in issued),
        "gap": float(np.median(gaps)) if gaps else None,
        "estimate": float(np.median([one.estimate for one in issued])) if issued else None,
    }


def _ask(check: str, built: str, wanted: Wanted, city: int) -> tuple[Finding, int]:
    """Run the check on one city; return its finding, and how many were drawn in vain."""
    for again in range(MOST_DRAWN):
        name = zlib.crc32(f"{built} {wanted} {city} {again}".encode())
        with tempfile.TemporaryDirectory() as folder:
            try:
                BUILD[built](np.random.default_rng([4, name]), wanted, Path(folder))
            except NoSuchCity:
                continue
            return run_check(CHECKS[check], Dossier(Path(folder)), {}), again
    message = f"{built}: none of {MOST_DRAWN} cities can have {wanted}"
    raise SystemExit(message)


def _covers(found: Finding, true: float) -> bool:
    low, high = found.interval or (None, None)
    return (low is None or low <= true) and (high is None or true <= high)


def page(rows: list[dict[str, Any]]) -> str:
    """Return the section of the page."""
    head = [
        "check", "chance is", "cells", "incidents a week", "cities a value",
        "fair: not met", "fair: met", "fair: insufficient", "at the tolerance: met",
        "at the gap: not met", "at the gap: insufficient", "covers", "smallest gap",
    ]  # fmt: skip
    by_city = _complete(rows)
    return f"""\
## The checks themselves

Every check on bias in `checks/` that gives an interval, run on the dossiers of cities of which the
true value is exactly as stated (`benchmarks/calibration/cities.py`; refitted counting: on average
over 40 histories, so within a percent). *Fair* is a ratio of 1, a gain of 0, or a feature that
tells 2 % of where a group lives: a fair city that is not met is a false alarm. *At the tolerance*
is 0.8 and 1.25, a loss of 2 % points, or 10 % told: met there is a false pass, and at most 5 %
should be. *The gap* to be found is a ratio of 1.5 ({LESS} of misses: where most is missed there
cannot be half as many again), a loss of 5 % points, or 30 % told. *Covers* are the
issued 95 % intervals, at all values together; the *smallest gap* is the median of what the finding
says it could have shown, of fair cities. Shares in %, ± the standard
error that so many cities leave.

{table(head, [_line(part) for part in by_city])}

{_redrawn(by_city)}
`data/records_are_brought_not_found` has no interval: it counts the record itself.
Not measured yet: {"; ".join(f"`{one}`, which {why}" for one, why in UNMEASURED.items())}.

![Share of cities that each check passes, fails or leaves open, by their true value](checks.svg)"""


def _complete(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the rows by kind of city, where every true value has been measured."""
    wanted = Counter(tuple(one[key] for key in CITY) for one in SETTINGS)
    parts = groupby(rows, key=lambda one: tuple(one[key] for key in CITY))
    found = [(city, list(part)) for city, part in parts]
    return [part for city, part in found if len(part) == wanted[city]]


def _line(part: list[dict[str, Any]]) -> list[str]:
    one, by_value = part[0], {each["true"]: each for each in part}
    fair, edges, gap = _asked_of(set(by_value))
    return [
        f"`{one['check']}`", _chance(one), f"{_cells(one):,}",
        "-" if one["hold_weeks"] else f"{one['a_week']:g}", f"{one['cities']}",
        *(_share(by_value[fair], name) for name in ("not_met", "met", "insufficient")),
        ", ".join(f"{_share(by_value[edge], 'met')}" for edge in edges if edge in by_value),
        _share(by_value[gap], "not_met"), _share(by_value[gap], "insufficient"),
        _covered(part), _gap(by_value[fair]["gap"], points=fair < 1),
    ]  # fmt: skip


def _asked_of(values: set[float]) -> tuple[float, tuple[float, ...], float]:
    """Return the value of a fair city, those at the tolerance, and the gap to be found."""
    if values == set(GAINS):
        return GAINS[0], GAINS[1:2], GAINS[2]
    if values == set(TOLD):
        return TOLD[0], TOLD[1:2], TOLD[2]
    return 1.0, (0.8, 1.25), max(values) if max(values) in RATIOS[3:] else LESS


def _chance(one: dict[str, Any]) -> str:
    hold = one["hold_weeks"]
    return BUILT[one["built"]] + (f", a map stays {hold} weeks" if hold else "")


def _cells(one: dict[str, Any]) -> int:
    return int(invented(np.random.default_rng(1), one["side"]).kept.sum())


def _share(one: dict[str, Any], name: str) -> str:
    return share_of(one[name] / one["cities"], one["cities"])


def _covered(part: list[dict[str, Any]]) -> str:
    issued = sum(one["issued"] for one in part)
    return share_of(sum(one["covers"] for one in part) / issued if issued else None, issued)


def _gap(gap: float | None, *, points: bool) -> str:
    if gap is None:
        return "-"
    return f"{100 * gap:.1f} % points" if points else f"{gap:.2f}"


def _redrawn(by_city: list[list[dict[str, Any]]]) -> str:
    rows = [one for part in by_city for one in part]
    drawn, redrawn = (sum(one[name] for one in rows) for name in ("cities", "redrawn"))
    cities = len({tuple(one[key] for key in CITY) for one in SETTINGS})
    rest = f"{len(by_city)} of {cities} kinds of city were measured; the same command goes on. "
    return ("" if len(by_city) == cities else rest) + (
        f"Of {drawn + redrawn:,} cities drawn, {redrawn:,} could not have the stated value; "
        f"others were drawn for them."
    )


def picture(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw what each check says, by the true value."""
    whole = [one for part in _complete(rows) for one in part]
    by_check = [
        (key, list(part))
        for key, part in groupby(whole, key=lambda one: (one["check"], one["built"]))
    ]
    panels = [Panel(f"{check}\n{BUILT[built]}", _curves(part)) for (check, built), part in by_check]
    draw(panels, path)


def _curves(part: list[dict[str, Any]]) -> list[Curve]:
    by_city = groupby(part, key=lambda one: [one[k] for k in CITY])
    return [_curve(list(one)) for _, one in by_city]


def _curve(part: list[dict[str, Any]]) -> Curve:
    part = sorted(part, key=lambda one: one["true"])
    hold = part[0]["hold_weeks"]
    what = f"map stays {hold} weeks" if hold else f"{part[0]['a_week']:g} a week"
    return Curve(
        f"{_cells(part[0]):,} cells, {what}",
        [one["true"] for one in part],
        [one["cities"] for one in part],
        {name: [one[name] / one["cities"] for one in part] for name in ("met", "not_met")},
    )
