"""The report's table of other choices: a line a choice, and no small count."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cas_audit.audit.dossier import Dossier, Manifest, seal_dossier
from cas_audit.files import write_json
from cas_audit.present.choices import TRIALS, show_choices
from cas_audit.present.words import LANGUAGES, Language, Words

BASE = {"trial": "base", "forecaster": "counting", "share": 0.03}
WINDOW = {**BASE, "trial": "window", "window": "six_months"}
Show = Callable[..., Any]
MODEL = {"trial": "share", "forecaster": "model", "share": 0.01}


def run(named: dict[str, Any], hits: int, kept: int, incidents: int = 200) -> dict[str, Any]:
    """Return one trial as the dossier holds it."""
    return {
        **named,
        "incidents": incidents,
        "hits": hits,
        "hit_rate": hits / incidents if incidents else None,
        "flagged_in_base": 80,
        "flagged_in_both": kept,
        "overlap": kept / 80,
        "overlap_by_chance": 0.03,
        "periods": 10,
    }


def grid(origin: int, hits: int, kept: int) -> dict[str, Any]:
    """Return a trial of cells of 250 m."""
    named = {**BASE, "trial": "grid", "cell_size_m": 250.0, "origin": [0, origin]}
    return run(named, hits, kept)


@pytest.fixture
def show(tmp_path: Path, manifest: Manifest) -> Show:
    """Return what shows the only table of a dossier with these trials."""

    def shown(tried: list[dict[str, Any]], language: Language = "en") -> Any:
        (tmp_path / TRIALS).parent.mkdir()
        write_json(tmp_path / TRIALS, {"home_burglary": tried})
        seal_dossier(tmp_path, manifest)
        [found] = show_choices(Dossier(tmp_path), Words(language))
        return found

    return shown


def test_origins_stand_together_with_their_extremes(show: Show) -> None:
    """A line a choice: mean, lowest and highest of its origins; alone without extremes."""
    tried = [run(BASE, 100, 80), grid(0, 40, 20), grid(1, 80, 40), run(MODEL, 60, 16)]
    found = show(tried)

    assert "home burglary" == found["name"]
    assert not found["hidden"]
    assert [
        ["counting", "50.0 %", "", "100.0 %", "", "3.0 %"],
        ["counting", "30.0 %", "20.0 % to 40.0 %", "37.5 %", "25.0 % to 50.0 %", "3.0 %"],
        ["model", "30.0 %", "", "20.0 %", "", "3.0 %"],
    ] == [row[1:] for row in found["rows"]]
    assert "cells of 250 m; origins of the grid: 2" == found["rows"][1][0]


@pytest.mark.parametrize(("hits", "incidents"), [(3, 200), (197, 200), (0, 0), (2, 2)])
def test_a_line_that_tells_a_small_count_is_left_out(show: Show, hits: int, incidents: int) -> None:
    """One to four caught or missed, or nothing to catch; the page says that a line is missing."""
    found = show([run(BASE, 100, 80), run(WINDOW, hits, 40, incidents)])

    assert found["hidden"]
    assert 1 == len(found["rows"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_trial_has_its_words(show: Show, language: Language) -> None:
    """Of every kind of choice, in both languages; and windows are named."""
    moved = run({**BASE, "trial": "geocoding", "moved": 0.05, "draw": 0}, 90, 70)
    tried = [run(BASE, 100, 80), grid(0, 40, 20), run(WINDOW, 50, 60), run(MODEL, 60, 16), moved]
    found = show(tried, language)
    said = [row[0] for row in found["rows"]]

    assert 5 == len(set(said))
    assert not any("_" in one or "{" in one for one in said)


def test_without_the_trial_there_is_nothing_to_show(tmp_path: Path, manifest: Manifest) -> None:
    """As of forecasts made elsewhere."""
    seal_dossier(tmp_path, manifest)

    assert [] == show_choices(Dossier(tmp_path), Words("nl"))
