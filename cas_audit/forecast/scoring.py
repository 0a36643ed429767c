"""Samples and scores of a whole panel, tile by tile; a scored tile is put down in one piece.

A run that was stopped goes on: a tile that was put down is not scored again. So the place where
tiles are put down is named after everything that the scores rest on.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from cas_audit import __version__
from cas_audit.forecast.features import Feature, make_features
from cas_audit.forecast.panels import Corner, Panel, fingerprint
from cas_audit.forecast.past import Weeks
from cas_audit.forecast.sampling import MOST_ROWS, Chances, Sample, chances_for, join, sample_tile
from cas_audit.forecast.work import Work

__all__ = [
    "Drawing",
    "Scoring",
    "Subject",
    "drawing_of",
    "sample_panel",
    "score_panel",
    "scoring_of",
    "spread",
]

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Subject:
    """What is fitted and scored: a theme of a panel, with these features."""

    panel: Panel
    theme: str
    features: Sequence[Feature]


@dataclass(frozen=True)
class Drawing:
    """The sample of a theme, to be drawn tile by tile."""

    subject: Subject
    weeks: slice
    chances: Chances
    seed: Sequence[int]

    def on(self, corner: Corner) -> Sample:
        """Draw the rows of one tile, and make their features."""
        subject = self.subject
        tile = subject.panel.tile(subject.theme, corner)
        return sample_tile(tile, self.weeks, self.chances, self.seed, subject.features)


@dataclass(frozen=True)
class Scoring:
    """The scores of a theme in some weeks, to be made tile by tile.

    Attributes:
        subject: which panel, theme and features.
        model: fitted on these features; gives chances, or else rates.
        weeks: weeks to score; one may follow the history.
        folder: where a scored tile is put down.
    """

    subject: Subject
    model: Any
    weeks: NDArray[np.int64]
    folder: Path | None = None

    def on(self, corner: Corner) -> Scores:
        """Score the kept cells of one tile, or take the tile up where it was put down."""
        put = self.folder / f"{corner[0]}-{corner[1]}.npy" if self.folder else None
        if put and put.is_file():
            found: Scores = np.load(put)
            return found
        subject = self.subject
        tile = subject.panel.tile(subject.theme, corner)
        features = make_features(tile, Weeks(self.weeks, tile.cells), subject.features)
        scores: Scores = np.stack([_asked(self.model, week) for week in features])
        if put:
            _put(scores, put)
        return scores


def _asked(model: Any, rows: NDArray[np.float32]) -> Scores:  # noqa: ANN401 - any estimator
    """Return the chance of each row, or what a model without chances expects of it."""
    if hasattr(model, "predict_proba"):
        chances: Scores = model.predict_proba(rows)[:, 1]
        return chances
    rates: Scores = model.predict(rows)
    return rates


def drawing_of(
    subject: Subject, weeks: slice, seed: Sequence[int], most: int = MOST_ROWS
) -> Drawing:
    """Say how the sample of a theme is drawn from these weeks.

    Args:
        subject: which panel, theme and features.
        weeks: weeks to draw from.
        seed: of the draw.
        most: rows to expect at most.
    """
    panel = subject.panel
    hits = int(panel.hits(subject.theme)[weeks].sum())
    cell_weeks = int(panel.kept.sum()) * (weeks.stop - weeks.start)
    return Drawing(subject, weeks, chances_for(hits, cell_weeks, most), seed)


def scoring_of(
    subject: Subject,
    model: Any,  # noqa: ANN401 - any estimator
    weeks: NDArray[np.int64],
    folder: Path | None = None,
    model_name: str | None = None,
) -> Scoring:
    """Say how a theme is scored.

    Args:
        subject: which panel, theme and features.
        model: fitted on these features; gives chances, or else rates.
        weeks: weeks to score; one may follow the history.
        folder: below which tiles are put down.
        model_name: tells models fitted on this panel apart; without it no tile is put down.
    """
    if folder is None or model_name is None:
        return Scoring(subject, model, weeks)
    told = (subject.panel.fingerprint, subject.theme, model_name, __version__)
    asked = (str([one.name for one in subject.features]), weeks)
    return Scoring(subject, model, weeks, folder / "scored" / fingerprint(*told, *asked))


def sample_panel(subject: Subject, weeks: slice, seed: Sequence[int], work: Work) -> Sample:
    """Draw the sample of a theme from every tile, and make its features."""
    drawing = drawing_of(subject, weeks, seed)
    return join(work.each(drawing.on, subject.panel.corners, f"{subject.theme}: sample"))


def score_panel(scoring: Scoring, work: Work) -> dict[Corner, Scores]:
    """Score every kept cell; return the scores of each tile, shape (weeks, cells)."""
    corners = scoring.subject.panel.corners
    scores = work.each(scoring.on, corners, f"{scoring.subject.theme}: score")
    return dict(zip(corners, scores, strict=True))


def spread(scores: dict[Corner, Scores], panel: Panel) -> Scores:
    """Lay the scores of tiles out over the grid, shape (weeks, rows, columns)."""
    weeks = len(next(iter(scores.values())))
    found = np.zeros((weeks, *panel.kept.shape))
    side = panel.tile_cells
    for (y, x), part in scores.items():
        row, column = np.nonzero(panel.kept[y : y + side, x : x + side])
        found[:, row + y, column + x] = part
    return found


def _put(scores: Scores, path: Path) -> None:
    """Write beside the place, then take it: a file there is always whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    with beside.open("wb") as file:
        np.save(file, scores)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
