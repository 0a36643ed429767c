"""Samples and scores of a whole panel, tile by tile; a scored tile is put down in one piece.

A run that was stopped goes on: a tile that was put down is not scored again. So the place where
tiles are put down is named after everything that the scores rest on.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from cas_audit import __version__
from cas_audit.forecast.features import Feature, make_features
from cas_audit.forecast.panels import Corner, Panel, fingerprint
from cas_audit.forecast.past import Weeks
from cas_audit.forecast.sampling import Sample, chances_for, join, sample_tile
from cas_audit.forecast.work import Work

__all__ = ["Subject", "sample_panel", "score_panel", "score_tile", "spread"]

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Subject:
    """What is fitted and scored: a theme of a panel, with these features."""

    panel: Panel
    theme: str
    features: Sequence[Feature]


def sample_panel(subject: Subject, weeks: slice, seed: Sequence[int], work: Work) -> Sample:
    """Draw the sample of a theme from every tile, and make its features.

    Args:
        subject: which panel, theme and features.
        weeks: weeks to draw from.
        seed: of the draw.
        work: by whom.
    """
    panel = subject.panel
    hits = int(panel.hits(subject.theme)[weeks].sum())
    chances = chances_for(hits, int(panel.kept.sum()) * (weeks.stop - weeks.start))
    one = partial(_sample, subject=subject, weeks=weeks, chances=chances, seed=seed)
    return join(work.each(one, panel.corners, f"{subject.theme}: sample"))


def _sample(corner: Corner, *, subject: Subject, **how: Any) -> Sample:  # noqa: ANN401 - passed on
    return sample_tile(subject.panel.tile(subject.theme, corner), features=subject.features, **how)


def score_panel(
    subject: Subject,
    model: Any,  # noqa: ANN401 - any estimator
    weeks: NDArray[np.int64],
    work: Work,
    model_name: str | None = None,
) -> dict[Corner, Scores]:
    """Score every kept cell in these weeks.

    Args:
        subject: which panel, theme and features.
        model: fitted on these features; gives chances.
        weeks: weeks to score; one may follow the history.
        work: by whom, and where tiles are put down.
        model_name: tells models fitted on this panel apart; without it no tile is put down.

    Returns:
        Scores of the kept cells of each tile, shape (weeks, cells).
    """
    folder = None
    if work.folder and model_name:
        told = (subject.panel.fingerprint, subject.theme, model_name, __version__)
        asked = (str([one.name for one in subject.features]), weeks)
        folder = work.folder / "scored" / fingerprint(*told, *asked)
    one = partial(score_tile, subject=subject, model=model, weeks=weeks, folder=folder)
    corners = subject.panel.corners
    scores = work.each(one, corners, f"{subject.theme}: score")
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


def score_tile(
    corner: Corner,
    *,
    subject: Subject,
    model: Any,  # noqa: ANN401 - any estimator
    weeks: NDArray[np.int64],
    folder: Path | None = None,
) -> Scores:
    """Score one tile, or take it up where it was put down."""
    put = folder / f"{corner[0]}-{corner[1]}.npy" if folder else None
    if put and put.is_file():
        found: Scores = np.load(put)
        return found
    tile = subject.panel.tile(subject.theme, corner)
    features = make_features(tile, Weeks(weeks, tile.cells), subject.features)
    scores: Scores = np.stack([model.predict_proba(week)[:, 1] for week in features])
    if put:
        _put(scores, put)
    return scores


def _put(scores: Scores, path: Path) -> None:
    """Write beside the place, then take it: a file there is always whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    with beside.open("wb") as file:
        np.save(file, scores)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
