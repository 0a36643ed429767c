"""Who is compared with whom: fifths of areas, groups that overlap, and areas without figures."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cas_audit.audit.dossier import Manifest
from cas_audit.audit.finding import Finding
from cas_audit.audit.groups import exposure, weekly_exposure
from cas_audit.audit.pairs import open_pairs
from cas_audit.ingest.pairs import fifths
from cas_audit.present.findings import show_finding
from cas_audit.present.words import LANGUAGES, name_words
from tests.test_checks import CASES, find, lay_out

AREAS, CELLS = 25, 100
FIFTH = {"name": "poor_highest_fifth", "reference": "poor_lowest_fifth", "fifths_of": "poor"}


def city(seed: int = 1) -> tuple[pd.DataFrame, "pd.Series[str]", pd.DataFrame]:
    """Return residents by cell, the area of each cell, and a year of flags."""
    rng = np.random.default_rng(seed)
    area = np.arange(CELLS) % AREAS
    people = rng.integers(50, 200, AREAS)[area].astype(float)
    share = rng.permutation(AREAS)[area] / AREAS
    cells = np.arange(CELLS)
    residents = pd.DataFrame({"cell": cells, "residents": people, "poor": people * share})
    residents["poor_women"] = residents["poor"] * rng.uniform(0.4, 0.6, AREAS)[area]
    names = pd.Series([f"area {one}" for one in area], index=pd.Index(cells, name="cell"))
    periods = pd.date_range("2025-01-06", periods=52, freq="7D")
    flags = pd.DataFrame(
        [(cell, period) for period in periods for cell in cells], columns=["cell", "period"]
    )
    flags["flagged"] = rng.random(len(flags)) < np.tile(0.02 + 0.1 * share, 52)
    return residents, names, flags


def test_exposure_of_fifths_is_that_of_fairlearn() -> None:
    """Fairlearn's selection rate, with residents as weights and the fifth of the area as group."""
    residents, areas, flags = city()
    weights = fifths(residents, areas, "poor")
    ours = weekly_exposure(flags, weights).mean()
    per_area = residents.groupby(areas.to_numpy())[["poor", "residents"]].sum()
    fifth = pd.qcut(per_area["poor"] / per_area["residents"], 5, labels=False)
    in_fifth = fifth.loc[areas].to_numpy()
    people = residents["residents"].to_numpy()
    table = pd.DataFrame({str(one): people * (in_fifth == one) for one in range(5)})
    table["others"] = people * (in_fifth < 4)
    theirs = exposure(flags.groupby("cell")["flagged"].mean().to_numpy(), table)

    assert pytest.approx(theirs["4"]) == ours["highest"]
    assert pytest.approx(theirs["0"]) == ours["lowest"]
    assert pytest.approx(theirs["others"]) == ours["others"]
    assert theirs["4"] > 1.5 * theirs["0"]


def test_areas_all_alike_have_no_fifths() -> None:
    """Nobody is compared with himself."""
    residents, areas, _ = city()
    residents["poor"] = residents["residents"] / 4
    weights = fifths(residents, areas, "poor")

    assert (0, 0) == (weights["highest"].sum(), weights["lowest"].sum())


def test_an_area_without_figures_or_residents_is_in_no_fifth() -> None:
    """Without figures it is missing; without residents it weighs nothing."""
    residents, areas, _ = city()
    dark, empty = (areas == name for name in ("area 3", "area 4"))
    residents.loc[dark.to_numpy(), "poor"] = np.nan
    residents.loc[empty.to_numpy(), ["residents", "poor"]] = 0.0
    weights = fifths(residents, areas, "poor")

    assert weights[dark].isna().all(axis=None)
    assert weights[~dark].notna().all(axis=None)
    assert 0 == weights[empty].sum().sum()
    assert 5 == areas[weights["highest"] > 0].nunique()


def test_an_intersection_is_a_group_like_any_other(tmp_path: Path, manifest: Manifest) -> None:
    """It is compared where the areas table counts it, and never made of two shares."""
    residents, _, _ = city()
    case: dict[str, Any] = {
        "compared": [{"name": "poor_women", "reference": "others"}],
        "tables": {"data/residents.parquet": residents.to_dict("list")},
    }
    pair = open_pairs(lay_out(tmp_path, manifest, case)).pairs[0]

    assert residents["poor_women"].to_list() == pair.weights["group"].to_list()
    assert pytest.approx(residents["residents"].sum()) == pair.weights.sum().sum()


def test_what_is_not_seen_is_said(tmp_path: Path, manifest: Manifest) -> None:
    """How many cells, and which share of residents and of flags; in both languages."""
    case = next(one for one in CASES["model/even_exposure"] if one.get("message") == "unseen")
    found = find(tmp_path, manifest, "model/even_exposure", case)
    dossier = lay_out(tmp_path / "again", manifest, case)

    said = _said(found)

    assert 1 == found.n["cells_without_figures"]
    assert pytest.approx(0.2) == said["residents_without_figures"]
    assert pytest.approx(0.2) == said["flags_without_figures"]
    for language, begins in zip(
        LANGUAGES, ("Van de markeringen ligt", "Of the flags, "), strict=True
    ):
        shown = show_finding(name_words(dossier, language), found)

        assert shown["without_figures"].startswith(begins)


def test_where_all_is_seen_nothing_is_said(tmp_path: Path, manifest: Manifest) -> None:
    """No sentence about areas without figures where there are none."""
    found = find(tmp_path, manifest, "model/even_exposure", CASES["model/even_exposure"][0])

    assert not [name for name in (*found.n, *_said(found)) if "without_figures" in name]


def test_few_records_out_of_sight_are_not_told_apart(tmp_path: Path, manifest: Manifest) -> None:
    """One record says the same as four."""
    said = []
    for number in (1, 4):
        case = dict(CASES["data/past_attention_is_even"][-1])
        tables = {name: dict(table) for name, table in case["tables"].items()}
        tables["data/incidents.parquet"]["count"] = [
            *tables["data/incidents.parquet"]["count"][:-1], number,
        ]  # fmt: skip
        found = find(
            tmp_path / str(number), manifest, "data/past_attention_is_even",
            {**case, "tables": tables},
        )  # fmt: skip
        said.append(_said(found)["records_without_figures"])

    assert said[0] == said[1] > 0


def _said(found: Finding) -> dict[str, Any]:
    said: dict[str, Any] = found.model_dump()["values"]
    return said


@pytest.mark.parametrize("language", LANGUAGES)
def test_fifths_have_a_name_in_words(tmp_path: Path, manifest: Manifest, language: Any) -> None:
    """With the label that the contract gives the group."""
    label = {"nl": "laag inkomen", "en": "low income"}
    named = {**FIFTH, "label": label, "reference_label": label}
    words = name_words(lay_out(tmp_path, manifest, {"compared": [named]}), language)
    both = [words.name(FIFTH[key]) for key in ("name", "reference")]

    assert all(label[language] in one for one in both)
    assert both[0] != both[1]
