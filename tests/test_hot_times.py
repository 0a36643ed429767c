"""Hot times: what leaves the gate, how it is shrunk, and what the sheet is told; by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cas_audit.files import read_json
from cas_audit.forecast.hot_times import ROUNDING, find_hot_times
from cas_audit.inference.profiles import shrink
from cas_audit.ingest.moments import CLASSES, FEWEST_INCIDENTS, Clock, protect_moments
from cas_audit.ingest.step import ingest
from tests.test_ingest import config, feed, raw

__all__ = ["feed", "raw"]


def table(**totals: int) -> pd.DataFrame:
    """Return counts of areas that are spread evenly over the classes."""
    rows = [
        {"theme": "t", "area": area, "weekday": spot // 3, "shift": spot % 3, "count": part}
        for area, total in totals.items()
        for spot, part in enumerate(np.bincount(np.arange(total) % CLASSES, minlength=CLASSES))
        if part
    ]
    return pd.DataFrame(rows)


def test_two_areas_are_shrunk_as_worked_out_by_hand() -> None:
    """Chi-square 8, of which 1 is chance, over a room of 99: rho 7/99, and a weight of 700/792."""
    found = shrink(np.array([[60.0, 40], [40, 60]]))

    assert pytest.approx(7 / 99) == found.rho
    assert pytest.approx([700 / 792] * 2) == found.weight
    assert pytest.approx(0.5 + 0.1 * 700 / 792) == found.areas[0, 0]
    assert [0.5, 0.5] == found.whole.tolist()


def test_areas_that_are_alike_get_the_profile_of_the_whole() -> None:
    """As does an area by itself. What is in no area counts in the whole."""
    alike = shrink(np.array([[30.0, 70], [31, 69]]))
    single = shrink(np.array([[10.0, 0]]), np.array([0.0, 10]))

    assert [0.0, 0.0] == [alike.rho, single.rho]
    assert [0.305, 0.695] == pytest.approx(alike.areas[1].tolist())
    assert [[0.5, 0.5]] == single.areas.tolist()


@pytest.mark.parametrize("rounded", [False, True], ids=["exact", "rounded"])
def test_the_difference_between_areas_is_estimated(rounded: bool) -> None:
    """Drawn from a Dirichlet-multinomial of a known concentration, with and without rounding."""
    rng, concentration = np.random.default_rng(1), 150.0
    shares = rng.dirichlet(concentration * rng.dirichlet(np.full(CLASSES, 8.0)), 600)
    counts = np.stack([rng.multinomial(rng.integers(110, 600), one) for one in shares])
    if rounded:
        counts = (counts + rng.integers(5, size=counts.shape)) // 5 * 5
    found = shrink(counts.astype(float), noise=ROUNDING if rounded else 0.0)

    assert pytest.approx(1 / (1 + concentration), rel=0.1) == found.rho
    raw_share = counts / counts.sum(axis=1, keepdims=True)
    assert ((found.areas - shares) ** 2).sum() < 0.75 * ((raw_share - shares) ** 2).sum()
    assert ((found.areas - shares) ** 2).sum() < 0.9 * ((found.whole - shares) ** 2).sum()


def test_an_area_with_few_incidents_or_residents_stands_not_alone() -> None:
    """What is together is two areas and enough as well: the smallest of the others join."""
    enough = FEWEST_INCIDENTS
    cases: tuple[tuple[pd.DataFrame, set[str], set[str | None]], ...] = (
        (table(a=3 * enough, b=2 * enough, c=enough - 1), set(), {"a", None}),
        (table(a=3 * enough, b=2 * enough, c=enough), set(), {"a", "b", "c"}),
        (table(a=3 * enough, b=2 * enough, c=enough), {"c"}, {"a", None}),
        (table(a=enough - 1), set(), set()),
    )
    for counts, few, expected in cases:
        kept = protect_moments(counts, few, 1)

        assert expected == set(kept["area"].replace({np.nan: None}))
        assert len(kept) == CLASSES * len(expected)


def test_no_small_count_is_kept_and_on_average_none_is_lost() -> None:
    """Counts are multiples of five; over many roundings their mean is what they were."""
    counts = table(a=7 * CLASSES + 5)
    kept = np.stack([protect_moments(counts, set(), seed)["count"] for seed in range(400)])

    assert {5, 10} == set(kept.astype(int).ravel())
    exact = counts.sort_values(["weekday", "shift"])["count"].to_numpy()
    assert kept.astype(float).mean(axis=0) == pytest.approx(exact, abs=0.6)


def test_the_clock_knows_the_weekday_before_the_epoch_and_after() -> None:
    """The last Sunday of 1969 in the evening; Monday the 6th of January 2025 at midnight."""
    clock, nought = Clock(["t"], ["a"]), np.zeros(2, dtype=np.int64)
    clock.add(
        nought, nought.astype(np.int32), np.array(["1969-12-28T23", "2025-01-06T00"], "M8[m]")
    )

    assert [(0, 0), (6, 2)] == [(r["weekday"], r["shift"]) for r in clock.table().to_pylist()]


def test_the_gate_counts_weekdays_and_shifts_by_area(feed: Path, tmp_path: Path) -> None:
    """Close to a plain count of the admitted rows, without cell or week beside it."""
    ingest(config(feed), tmp_path / "dossier")
    found = pd.read_parquet(tmp_path / "dossier/data/moments.parquet")
    exact = pd.read_parquet(tmp_path / "dossier/data/incidents.parquet")["count"].sum()
    shifts = read_json(tmp_path / "dossier/data/shifts.json")["home_burglary"]
    rounded = found.groupby("shift")["count"].sum()
    sure = 6 * np.sqrt(ROUNDING * len(found))

    assert ["theme", "area", "weekday", "shift", "count"] == list(found.columns)
    assert not (found["count"] % 5).any()
    assert pytest.approx(exact, abs=sure) == found["count"].sum()
    assert [shifts[str(one)] for one in range(3)] == pytest.approx(rounded.to_list(), abs=sure)


def test_every_area_has_a_profile_and_one_without_counts_has_the_citys(tmp_path: Path) -> None:
    """The dossier says on how many incidents and areas it rests; shares add up to one."""
    (tmp_path / "data").mkdir()
    (tmp_path / "model").mkdir()
    pd.DataFrame({"cell": range(3), "area": ["a", "b", "c"]}).to_parquet(
        tmp_path / "data/cells.parquet"
    )
    spots = np.arange(CLASSES)
    counts = {"a": np.where(spots == 20, 300, 15), "b": np.full(CLASSES, 30), None: spots * 5}
    parts = [
        pd.DataFrame({"weekday": spots // 3, "shift": spots % 3, "count": one}).assign(area=area)
        for area, one in counts.items()
    ]
    pd.concat(parts).assign(theme="t").to_parquet(tmp_path / "data/moments.parquet")
    find_hot_times(tmp_path)
    found = pd.read_parquet(tmp_path / "model/hot_times.parquet")
    told = read_json(tmp_path / "model/hot_times.json")["t"]
    shares = found.pivot_table("share", "area", ["weekday", "shift"]).to_numpy()

    assert (2, 600 + 630 + 1050) == (told["areas"], told["incidents"])
    assert shares.sum(axis=1) == pytest.approx(np.ones(3))
    assert shares[2].tolist() == pytest.approx(told["city"])
    assert told["city"][20] < shares[0, 20] < 0.5
    assert 1 / 21 < shares[1, 20] < told["city"][20]


def test_without_counts_of_weekdays_nothing_is_said(tmp_path: Path) -> None:
    """An audit whose source knows no hour has no profile, rather than one of nights."""
    (tmp_path / "model").mkdir()
    find_hot_times(tmp_path)

    assert [] == list((tmp_path / "model").iterdir())
