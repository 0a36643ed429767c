"""Rules that flag more evenly: in the forecast, on the frontier, and on its page."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from cas_audit.audit import frontier
from cas_audit.audit.dossier import Dossier, Manifest
from cas_audit.audit.frontier import SETTINGS, draw_frontier
from cas_audit.config import Choice, Config, Forecast
from cas_audit.errors import InputError, Unavailable
from cas_audit.files import read_json, write_json
from cas_audit.forecast.flagging import flag, lives_of, read_lives
from cas_audit.forecast.weighing import read_stands
from cas_audit.ingest.pairs import pairs_of
from cas_audit.present.frontier import write_frontier
from tests.test_checks import days, lay_out

CELLS, WEEKS, SIDE = 256, 52, 16
REASON = {"nl": "Proef.", "en": "Trial."}


def chosen(**rule: Any) -> Choice:
    """Return a rule that somebody decided on."""
    return Choice.model_validate({"reason": REASON, "decided_by": "Trial unit", **rule})


def under(rule: Choice | None) -> Config:
    """Return a configuration of which only the rule matters."""
    made: Any = Config.model_construct
    config: Config = made(forecast=Forecast(choice=rule, flagged_share=0.25))
    return config


def people(cells: int = CELLS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return residents and cells: `a` lives in the first quarter; areas have eight cells."""
    cell = np.arange(cells)
    share = np.where(cell < cells // 4, 0.6, 0.1)
    residents = pd.DataFrame({"cell": cell, "residents": 100.0, "a": 100.0 * share})
    return residents, pd.DataFrame({"cell": cell, "area": [f"b{one // 8}" for one in cell]})


def lives() -> Any:
    """Return where the group lives."""
    residents, cells = people()
    pairs = pairs_of([{"name": "a", "reference": "others"}], residents, cells)
    return lives_of(pairs, residents, cells)


@pytest.mark.parametrize(
    "rule",
    [
        {"method": "exposure_bound", "setting": 1.1},
        {"method": "penalty", "setting": 100.0},
        {"method": "equal_share"},
    ],
    ids=lambda rule: rule["method"],
)
def test_a_rule_flags_as_many_cells_more_evenly(rule: dict[str, Any]) -> None:
    """Scores are highest where the group lives; the plain top flags hardly anything else."""
    rng = np.random.default_rng(1)
    score = (rng.gamma(1, 1, CELLS) + 3 * (np.arange(CELLS) < CELLS // 4)).reshape(SIDE, SIDE)
    kept, where = np.ones((SIDE, SIDE), dtype=bool), lives()
    plain, even = (
        flag(score, kept, under(one), where, np.random.default_rng(2))
        for one in (None, chosen(**rule))
    )
    gaps = [abs(float(where.shares.gap[0] @ one.ravel())) for one in (plain, even)]

    assert [64, 64] == [plain.sum(), even.sum()]
    assert gaps[1] < 0.5 * gaps[0]


def test_ties_fall_by_lot() -> None:
    """Cells that score alike are not flagged by where they stand on the map."""
    kept = np.ones((SIDE, SIDE), dtype=bool)
    config = under(chosen(method="penalty", setting=1e-6))
    found = {
        flag(kept * 1.0, kept, config, lives(), np.random.default_rng(seed)).tobytes()
        for seed in range(4)
    }

    assert 4 == len(found)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"method": "exposure_bound", "setting": 0.8}, "a setting from 1"),
        ({"method": "exposure_bound"}, "a setting from 1"),
        ({"method": "penalty", "setting": 0.0}, "a setting above 0"),
        ({"method": "equal_share", "setting": 1.0}, "no setting"),
        ({"method": "survey_weight", "setting": 1.0}, "no setting"),
        ({"method": "equal_share", "decided_by": ""}, "at least 1 character"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(rule: dict[str, Any], said: str) -> None:
    """A rule without a bound, or that nobody decided on, is no rule."""
    with pytest.raises(ValidationError, match=said):
        chosen(**rule)


def test_flags_of_someone_else_are_not_chosen_here() -> None:
    """A table of forecasts comes with its flags."""
    choice = {"method": "equal_share", "reason": REASON, "decided_by": "x"}
    with pytest.raises(ValidationError, match="set elsewhere"):
        Forecast.model_validate({"model": "table", "choice": choice})


def tables(score: np.ndarray, counts: np.ndarray) -> dict[str, Any]:
    """Return the tables of a city in which a score is higher where the group lives."""
    when = days(WEEKS)
    residents, cells = people()
    week, cell = np.nonzero(counts)
    return {
        "forecasts.parquet": {
            "cell": np.tile(np.arange(CELLS), WEEKS).tolist(),
            "period": np.repeat(when, CELLS).tolist(),
            "theme": ["home_burglary"] * CELLS * WEEKS,
            "score": score.ravel().tolist(),
            "flagged": [False] * CELLS * WEEKS,
        },
        "stretches.parquet": {"period": when, "stretch": [one // 13 for one in range(WEEKS)]},
        "data/residents.parquet": residents.to_dict("list"),
        "data/cells.parquet": cells.to_dict("list"),
        "data/incidents.parquet": {
            "cell": cell.tolist(),
            "week": [when[one] for one in week],
            "theme": ["home_burglary"] * len(cell),
            "channel": ["brought"] * len(cell),
            "count": counts[week, cell].tolist(),
        },
    }


@pytest.fixture
def biased(tmp_path: Path, manifest: Manifest) -> Dossier:
    """Return a city where crime is even, and scores are half too high where the group lives."""
    rng = np.random.default_rng(5)
    rate = rng.gamma(1, 0.4, CELLS)
    score = np.tile(rate * np.where(np.arange(CELLS) < CELLS // 4, 1.5, 1.0), (WEEKS, 1))
    case = {
        "tables": tables(score, rng.poisson(rate, (WEEKS, CELLS))),
        "manifest": {"flagged_share": 0.25},
    }
    return lay_out(tmp_path / "audit/dossier", manifest, case)


def test_where_scores_are_biased_evening_out_costs_little(biased: Dossier) -> None:
    """The frontier starts at the plain top; a tighter bound never leaves a larger gap."""
    rows = {(row["method"], row["setting"]): row for row in draw_frontier(biased)}
    top = rows["top", None]
    bounds = [rows["exposure_bound", one]["ratio"] for one in (2.0, 1.5, 1.25, 1.1)]

    assert set(SETTINGS) - {("survey_weight", None)} == set(rows)
    assert (0.0, 0.0) == (top["loss"], top["moved"])
    assert top["ratio"] > 1.3
    assert sorted(bounds, reverse=True) == bounds
    assert bounds[-1] == pytest.approx(1.1, abs=0.05)
    assert rows["exposure_bound", 1.1]["loss_low"] < 0.02
    assert rows["equal_share", None]["ratio"] < top["ratio"]


SURVEY = {
    "area": [f"b{one}" for one in range(CELLS // 8)],
    "theme": ["home_burglary"] * (CELLS // 8),
    "respondents": [4000.0] * (CELLS // 8),
    "reported_share": [0.2 if one < CELLS // 32 else 0.6 for one in range(CELLS // 8)],
}


@pytest.fixture
def untold(tmp_path: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> Dossier:
    """Return a city where crime is even, but the group tells a third as often; scores follow."""
    monkeypatch.setattr(frontier, "SETTINGS", (("top", None), ("survey_weight", None)))
    rng = np.random.default_rng(6)
    happens = rng.gamma(1, 0.4, CELLS)
    recorded = happens * np.where(np.arange(CELLS) < CELLS // 4, 0.2, 0.6)
    score = np.tile(recorded, (WEEKS, 1))
    laid = tables(score, rng.poisson(recorded, (WEEKS, CELLS))) | {"data/survey.parquet": SURVEY}
    case = {"tables": laid, "manifest": {"flagged_share": 0.25}}
    return lay_out(tmp_path / "audit/dossier", manifest, case)


def test_weighing_by_a_survey_finds_what_is_not_told(untold: Dossier) -> None:
    """By the record it loses, as the survey counts it gains; exposure comes near what it should.

    As the survey counts, what each rule catches is summed by hand.
    """
    rows = {(row["method"], row["setting"]): row for row in draw_frontier(untold)}
    top, weighed = rows["top", None], rows["survey_weight", None]
    counts = untold.table("data/incidents.parquet")
    worth: pd.Series[float] = counts["count"] / np.where(counts["cell"] < CELLS // 4, 0.2, 0.6)
    score = untold.table("forecasts.parquet").query("period == period.min()").set_index("cell")
    flagged = score["score"].nlargest(CELLS // 4).index
    by_hand = float(worth[counts["cell"].isin(flagged)].sum() / worth.sum())

    assert top["surveyed"] == pytest.approx(by_hand, abs=0.001)
    assert weighed["loss"] > 0
    assert weighed["surveyed"] > top["surveyed"] + 0.01
    assert top["ratio"] < 0.6
    assert weighed["ratio"] == pytest.approx(1.0, abs=0.25)


def test_a_page_with_a_survey_has_its_column(untold: Dossier, tmp_path: Path) -> None:
    """Every row has it, and the rule stands in words."""
    write_json(untold.folder.parent / "audit.json", {"files": {}})
    (tmp_path / "out").mkdir()
    files = write_frontier(untold.folder.parent, tmp_path / "out")
    page = files[-1].read_text(encoding="utf-8")

    assert "as the victim survey counts" in page
    assert "weighed by the victim survey" in page


def data_of(folder: Path, survey: dict[str, Any] | None) -> Path:
    """Write the tables that weighing reads; return their folder."""
    folder.mkdir()
    people()[1].to_parquet(folder / "cells.parquet")
    if survey:
        pd.DataFrame(survey).to_parquet(folder / "survey.parquet")
    return folder


def test_a_version_can_follow_the_survey(tmp_path: Path) -> None:
    """Where a third is told a flag is worth three times as much, and groups are not looked at."""
    rule, kept = chosen(method="survey_weight"), np.ones((SIDE, SIDE), dtype=bool)
    data = data_of(tmp_path / "data", SURVEY)
    stands = read_stands(data, rule, ["home_burglary"], kept)["home_burglary"].ravel()

    assert stands[0] / stands[-1] == pytest.approx(3, rel=0.01)
    assert read_lives(data, rule) is None
    assert {} == read_stands(data, None, ["home_burglary"], kept)


@pytest.mark.parametrize(
    ("survey", "theme", "said"),
    [
        (None, "home_burglary", "expected sources.survey"),
        (SURVEY, "bike_theft", "expected victims of bike_theft"),
    ],
    ids=["no survey", "another theme"],
)
def test_a_survey_that_is_not_there_weighs_nothing(
    tmp_path: Path, survey: dict[str, Any] | None, theme: str, said: str
) -> None:
    """It is said before anything is fitted."""
    data = data_of(tmp_path / "data", survey)
    kept = np.ones((SIDE, SIDE), dtype=bool)
    with pytest.raises(InputError, match=said):
        read_stands(data, chosen(method="survey_weight"), [theme], kept)


def test_hits_are_counted_as_by_hand(biased: Dossier) -> None:
    """The share of all incidents that fall in the quarter with the highest scores."""
    forecasts = biased.table("forecasts.parquet")
    score = forecasts.pivot_table(index="period", columns="cell", values="score")
    top = score.rank(axis=1, ascending=False) <= 64
    incidents = biased.table("data/incidents.parquet")
    counts = incidents.pivot_table(index="week", columns="cell", values="count", aggfunc="sum")
    counts = counts.reindex(index=score.index, columns=score.columns).fillna(0)
    by_hand = float((counts * top).to_numpy().sum() / counts.to_numpy().sum())

    assert draw_frontier(biased)[0]["hit_rate"] == pytest.approx(by_hand)


def test_a_dossier_without_scores_has_no_frontier(tmp_path: Path, manifest: Manifest) -> None:
    """A vendor's flags alone cannot be chosen anew."""
    score = np.full((WEEKS, CELLS), np.nan)
    case = {"tables": tables(score, np.ones((WEEKS, CELLS), dtype=int))}
    dossier = lay_out(tmp_path / "dossier", manifest, case)
    with pytest.raises(Unavailable, match="no score for every cell"):
        draw_frontier(dossier)


@pytest.mark.usefixtures("biased")
def test_pages_in_both_languages(tmp_path: Path) -> None:
    """One table a comparison, a picture, and what the page does not say; no host is named."""
    write_json(tmp_path / "audit/audit.json", {"files": {}})
    (tmp_path / "out").mkdir()
    files = write_frontier(tmp_path / "audit", tmp_path / "out")
    pages = [path.read_text(encoding="utf-8") for path in files if path.suffix == ".html"]

    assert ["frontier.json", "frontier.nl.html", "frontier.en.html"] == [one.name for one in files]
    assert len(SETTINGS) - 1 == len(read_json(files[0])["rows"])  # there is no survey
    for page, said in zip(pages, ("wat het kost", "what it costs"), strict=True):
        assert said in page
        assert 1 == page.count("<svg")
        assert len(SETTINGS) == page.count("<tr>")
        assert "://" not in page
