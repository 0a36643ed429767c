"""Next week's forecast of a stored panel of any size: sample, fit and score, tile by tile.

All themes take each of the three steps together, so that workers have something to do. What this
process holds at once is the samples, and the scores of one week.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.errors import InputError
from cas_audit.forecast.features import Feature
from cas_audit.forecast.panels import Corner, fingerprint
from cas_audit.forecast.sampling import Sample, join
from cas_audit.forecast.scoring import Drawing, Scoring, Subject, drawing_of, scoring_of
from cas_audit.forecast.store import StoredPanel
from cas_audit.forecast.work import Work

__all__ = ["Plan", "forecast_week"]

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """What is asked of a panel.

    Attributes:
        features: what models know.
        fit: returns a fitted model for a seed and a sample.
        train: weeks to fit on.
        week: the week to forecast; the history ends before it, or it is known already.
        flagged_share: share of the kept cells to flag.
        seed: of samples, models and ties.
        most_rows: of the sample of a theme, about.
    """

    features: Sequence[Feature]
    fit: Callable[[int, Sample], Any]
    train: slice
    week: int
    flagged_share: float = 0.03
    seed: int = 1
    most_rows: int = 100_000


def forecast_week(panel: StoredPanel, plan: Plan, work: Work) -> pd.DataFrame:
    """Forecast every theme of a panel for one week.

    Args:
        panel: what was recorded.
        plan: what is asked.
        work: by whom, and where scored tiles are put down.

    Returns:
        Columns theme, cell and score: a row a flagged cell.

    Raises:
        InputError: a theme has no incident to fit on.
    """
    subjects = [Subject(panel, theme, plan.features) for theme in panel.themes]
    drawings = [
        drawing_of(one, plan.train, [plan.seed, number], plan.most_rows)
        for number, one in enumerate(subjects)
    ]
    samples = [join(parts) for parts in _on_tiles(drawings, panel, work, "sample")]
    _demand_hits(samples)
    models = work.each(partial(plan.fit, plan.seed), samples, "fit")
    week = np.array([plan.week])
    scorings = [
        scoring_of(
            one, model, week, work.folder, fingerprint(sample.features, sample.hit, str(model))
        )
        for one, model, sample in zip(subjects, models, samples, strict=True)
    ]
    scored = _on_tiles(scorings, panel, work, "score")
    lots = np.random.default_rng(plan.seed).spawn(len(subjects))
    tables = [
        _flag(panel, parts, plan.flagged_share, rng).assign(theme=theme)
        for theme, parts, rng in zip(panel.themes, scored, lots, strict=True)
    ]
    return pd.concat(tables, ignore_index=True)[["theme", "cell", "score"]]


def _on_tiles(
    jobs: Sequence[Drawing] | Sequence[Scoring], panel: StoredPanel, work: Work, label: str
) -> list[list[Any]]:
    """Do every job on every tile; return what each job gave, tile by tile."""
    corners = panel.corners
    pairs = [(job, corner) for job in jobs for corner in corners]
    found = work.each(_do, pairs, label)
    return [found[at : at + len(corners)] for at in range(0, len(found), len(corners))]


def _do(pair: tuple[Drawing | Scoring, Corner]) -> Sample | Scores:
    job, corner = pair
    return job.on(corner)


def _demand_hits(samples: list[Sample]) -> None:
    without = sum(not one.hit.any() for one in samples)
    if without:
        message = (
            f"{without} themes have no incident in the weeks to fit on; expected some in each."
        )
        raise InputError(message)


def _flag(
    panel: StoredPanel, parts: list[Scores], share: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the cells with the highest scores; ties at the edge are broken by lot."""
    cells = np.concatenate([_cells(panel, corner) for corner in panel.corners])
    scores = np.concatenate([one[0] for one in parts])
    wanted = round(len(scores) * share)
    edge = np.partition(scores, -wanted)[-wanted] if wanted else np.inf
    above, level = np.flatnonzero(scores > edge), np.flatnonzero(scores == edge)
    level = rng.choice(level, wanted - len(above), replace=False)
    top = np.concatenate([above, level])
    top = top[np.argsort(cells[top])]
    return pd.DataFrame({"cell": cells[top], "score": scores[top]})


def _cells(panel: StoredPanel, corner: Corner) -> NDArray[np.int64]:
    """Return the numbers in the grid of the kept cells of a tile."""
    (y, x), side = corner, panel.tile_cells
    row, column = np.nonzero(panel.kept[y : y + side, x : x + side])
    numbers: NDArray[np.int64] = (row + y) * panel.kept.shape[1] + column + x
    return numbers
