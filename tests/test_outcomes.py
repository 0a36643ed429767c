"""Error rates per group: fairlearn is the oracle of their values."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_score, recall_score

from cas_audit.audit.dossier import Dossier, Manifest, seal_dossier
from cas_audit.audit.groups import error_rates
from cas_audit.audit.outcomes import (
    Confusion,
    Followed,
    Rate,
    false_flags,
    misses,
    open_followed,
    precision,
)
from cas_audit.audit.units import Units
from cas_audit.files import write_json

CELLS, PERIODS, THEME = 30, 12, "drugs"
DAYS = pd.date_range("2025-01-06", periods=PERIODS, freq="7D")
Rater = Callable[[Confusion], Rate]


def drawn(seed: int) -> tuple[Followed, pd.DataFrame, pd.DataFrame]:
    """Return what followed, every cell and period of it, and residents of two groups."""
    rng = np.random.default_rng(seed)
    whole = pd.DataFrame(
        {
            "cell": np.repeat(np.arange(CELLS), PERIODS),
            "period": np.tile(DAYS, CELLS),
            "theme": THEME,
            "flagged": rng.random(CELLS * PERIODS) < 0.3,
            "hit": rng.random(CELLS * PERIODS) < 0.2,
        }
    )
    units = Units(pd.Series(np.arange(CELLS) // 8), pd.Series(np.arange(PERIODS) // 3, index=DAYS))
    rows = whole[whole["flagged"] | whole["hit"]]
    people = pd.DataFrame(rng.integers(0, 90, (CELLS, 2)).astype(float), columns=["one", "other"])
    followed = Followed(rows.assign(unit=units.of(rows["cell"], rows["period"])), units)
    return followed, whole, people


@pytest.mark.parametrize(("rate", "name"), [(misses, "misses"), (false_flags, "false_flags")])
@pytest.mark.parametrize("seed", range(3))
def test_rates_are_those_of_fairlearn(seed: int, rate: Rater, name: str) -> None:
    """With residents as sample weights, over every cell and period."""
    followed, whole, people = drawn(seed)
    oracle = error_rates(whole["hit"], whole["flagged"], people.loc[whole["cell"]])
    counted = {group: rate(followed.confusion(THEME, people[group])) for group in people}
    found = {group: one.top.sum() / one.bottom.sum() for group, one in counted.items()}

    assert oracle[name] == pytest.approx(found)


@pytest.mark.parametrize("rate", [misses, false_flags, precision])
def test_by_cells_a_tower_weighs_as_much_as_a_farm(rate: Rater) -> None:
    """The rates are those of scikit-learn with shares as weights, whatever number lives there."""
    followed, whole, people = drawn(4)
    shares = people.div(people.sum(axis=1), axis=0).set_axis(["group", "reference"], axis=1)
    scorers: dict[Rater, Callable[..., float]] = {
        misses: lambda hit, flag, weight: 1 - recall_score(hit, flag, sample_weight=weight),
        false_flags: lambda hit, flag, weight: 1 - recall_score(~hit, ~flag, sample_weight=weight),
        precision: lambda hit, flag, weight: precision_score(hit, flag, sample_weight=weight),
    }
    weights = shares.loc[whole["cell"]]
    one, other = (
        scorers[rate](whole["hit"], whole["flagged"], weights[name])
        for name in ("group", "reference")
    )

    assert followed.by_cells(THEME, shares, rate) == pytest.approx(one / other)
    assert followed.by_cells("vandalism", shares, rate) is None


@pytest.mark.parametrize("rate", [misses, false_flags, precision])
def test_what_flags_alone_would_give_adds_up_to_what_is(rate: Rater) -> None:
    """Expected sums spread a group's own rates over its flags; over all units they are the sums."""
    followed, _, people = drawn(7)
    found = rate(followed.confusion(THEME, people["one"]))

    assert pytest.approx(found.top.sum()) == found.expected[0].sum()
    assert pytest.approx(found.bottom.sum()) == found.expected[1].sum()


def test_a_theme_without_anything_has_no_rate() -> None:
    """Undefined, and neither zero nor a crash."""
    followed, _, people = drawn(1)
    found = misses(followed.confusion("vandalism", people["one"]))

    assert 0 == found.top.sum() == found.bottom.sum()


def lay_out(folder: Path, manifest: Manifest, tables: dict[str, Any], weeks: int) -> Followed:
    """Write a dossier of one flagged cell in each of two periods of so many weeks."""
    starts = DAYS[: 2 * weeks : weeks]
    flags = {"cell": [0, 0], "period": starts, "theme": THEME, "flagged": True}
    for name, columns in {
        "forecasts": flags,
        "partition": {"cell": [0, 1], "wide": [0, 1]},
        "stretches": {"period": starts, "stretch": [0, 1]},
        **tables,
    }.items():
        path = folder / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(columns).to_parquet(path, index=False)
    write_json(folder / "model/parameters.json", {"period_weeks": weeks})
    seal_dossier(folder, manifest)
    return open_followed(Dossier(folder))


@pytest.mark.parametrize(("weeks", "right"), [(1, [True, False]), (2, [True, True])])
def test_an_incident_belongs_to_the_period_it_falls_in(
    tmp_path: Path, manifest: Manifest, weeks: int, right: list[bool]
) -> None:
    """A period ends after its own weeks, the last one too."""
    at = [DAYS[0], DAYS[3]]
    record = {"cell": 0, "week": at, "theme": THEME, "channel": "brought", "count": 1}
    found = lay_out(tmp_path, manifest, {"data/incidents": record}, weeks)

    assert right == found.rows.sort_values("period")["hit"].tolist()


def test_a_period_beyond_the_record_is_left_out(tmp_path: Path, manifest: Manifest) -> None:
    """Nobody knows yet what follows its flags."""
    record = {"cell": [0], "week": DAYS[:1], "theme": THEME, "channel": "brought", "count": 1}
    known = {"data/incidents": record, "data/weeks": {"week": DAYS[:1]}}
    found = lay_out(tmp_path, manifest, known, 1)

    assert [DAYS[0]] == found.rows["period"].tolist()
