"""The audit of the audit, in small: each check on cities of which the true value is as stated."""

import importlib
from math import log
from pathlib import Path
from typing import Any

import pytest

from cas_audit.audit.programme import list_checks

HOME = Path(__file__).resolve().parent.parent
CITIES = 8
SMALL = {"side": 42, "a_week": 20.0, "hold_weeks": 0, "cities": CITIES}
DENSE = {**SMALL, "a_week": 80.0}
REFITTED = {"side": 30, "a_week": 40.0, "hold_weeks": 0, "cities": 3}
NEAR = {0.0: 0.015, 0.02: 0.03, 1.0: 0.08}  # by the value of a fair city
BUILT = {  # check and city, size, the value of a fair city, and a gap that is found
    ("model/even_exposure", "flags_of_a_table"): ({**SMALL, "hold_weeks": 2}, 1.0, 1.6),
    ("model/even_exposure", "counting_refitted"): (REFITTED, 1.0, 1.8),
    ("model/even_precision", "flags_and_outcomes"): (SMALL, 1.0, 1.6),
    ("model/exposure_follows_need", "flags_beside_need"): ({**SMALL, "hold_weeks": 2}, 1.0, 1.6),
    ("model/calibrated_in_every_group", "scores_that_expect"): (
        {**SMALL, "a_week": 300.0},
        1.0,
        1.6,
    ),
    ("model/even_misses", "flags_that_miss"): (SMALL, 1.0, 0.6),
    ("model/even_false_flags", "flags_in_vain"): (SMALL, 1.0, 1.6),
    ("model/no_worse_than_counting", "two_forecasters"): (SMALL, 0.0, -0.08),
    ("model/no_worse_in_any_group", "two_forecasters_by_group"): (DENSE, 0.0, -0.08),
    ("data/past_attention_is_even", "records_found"): (SMALL, 1.0, 1.6),
    ("data/reporting_is_even", "victims_asked"): (SMALL, 1.0, 1.6),
    ("data/patrols_do_not_make_the_data", "records_on_patrol"): (DENSE, 1.0, 1.6),
    ("data/places_are_represented", "places_known"): (SMALL, 1.0, 1.5),
    ("data/locations_are_complete", "records_placed"): (SMALL, 1.0, 1.5),
    ("data/registration_is_timely", "records_filed"): (SMALL, 1.0, 1.5),
    ("data/no_feature_stands_for_a_group", "features_that_tell"): (SMALL, 0.02, 0.4),
    ("model/no_hidden_group_is_worse_off", "cells_that_nobody_named"): (
        {**SMALL, "a_week": 600.0},
        1.0,
        0.6,
    ),
}


@pytest.fixture
def verdicts(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the benchmark's part on checks, which is a program and no package."""
    monkeypatch.syspath_prepend(str(HOME / "benchmarks/calibration"))
    return importlib.import_module("verdicts")


@pytest.mark.parametrize(("check", "built"), BUILT, ids=[built for _, built in BUILT])
def test_a_check_says_what_is_true_of_a_city(verdicts: Any, check: str, built: str) -> None:
    """No fair city fails and no unfair one passes; the estimate is near the true value.

    A formula turned upside down, or one that forgets a weight, has another estimate.
    """
    size, fair, gap = BUILT[check, built]
    of = {
        true: verdicts.measure(check=check, built=built, true=true, **size) for true in (fair, gap)
    }
    cities = size["cities"]

    assert 0 == of[fair]["not_met"] == of[gap]["met"]
    assert of[fair]["met"] >= cities / 2
    assert of[gap]["not_met"] >= cities / 2
    assert of[fair]["covers"] + of[gap]["covers"] >= 0.8 * 2 * cities
    for true, one in of.items():
        off = one["estimate"] - true if fair < 1 else log(one["estimate"] / true)

        assert 0 == pytest.approx(off, abs=NEAR[fair])


def test_every_bias_check_with_an_interval_has_its_rows(verdicts: Any) -> None:
    """A check that judges by an interval is itself audited."""
    doors = ("cas_audit.audit.comparison", "cas_audit.audit.attainment")
    bias = {
        name: one.path.read_text()
        for name, one in list_checks().items()
        if name.startswith(("data/", "model/"))
    }
    judging = {name for name, text in bias.items() if any(door in text for door in doors)}

    assert len(judging) > 3
    assert judging == {one["check"] for one in verdicts.SETTINGS} | set(verdicts.UNMEASURED)


def test_the_page_and_the_picture_are_the_same_every_time(verdicts: Any, tmp_path: Path) -> None:
    """A line for each city of each check; the picture asks no other host for anything."""
    said = {"met": 5, "not_met": 2, "insufficient": 3, "redrawn": 1, "issued": 10, "covers": 9}
    rows = [{**one, **said, "cities": 10, "gap": 0.1, "estimate": 1.0} for one in verdicts.SETTINGS]
    for name in ("one.svg", "other.svg"):
        verdicts.picture(rows, tmp_path / name)
    page, drawn = verdicts.page(rows), (tmp_path / "one.svg").read_text()
    cities = {tuple(one[key] for key in verdicts.CITY) for one in rows}

    assert len(cities) == page.count("| `")
    assert drawn == (tmp_path / "other.svg").read_text()
    assert drawn.count("<image") == drawn.count("@import") == drawn.count("url(http") == 0
