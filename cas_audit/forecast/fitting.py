"""One theme: a model fitted on its record, and the flags of every test week."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.exceptions import ConvergenceWarning

from cas_audit.config import Config
from cas_audit.errors import InputError
from cas_audit.forecast.city import MEMORY_WEEKS, City, known_of, tiles_of
from cas_audit.forecast.models import cas_ensemble, count_scores
from cas_audit.forecast.panels import fingerprint
from cas_audit.forecast.sampling import Sample
from cas_audit.forecast.scores import flag_top
from cas_audit.forecast.scoring import Subject, sample_panel, score_panel, scoring_of, spread
from cas_audit.forecast.work import Work

__all__ = ["Fitted", "fit", "fit_ensemble"]


def fit_ensemble(seed: int, train: Sample) -> ClassifierMixin:
    """Fit; that the network stops at its limit of iterations is part of what the model is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return cas_ensemble(seed).fit(train.features, train.hit)


@dataclass(frozen=True)
class Fitted:
    """One theme: flags, scores and the model behind them, for every test week and the next."""

    model: Any
    score: NDArray[np.float64]  # (test weeks, rows, columns)
    flagged: NDArray[np.bool_]
    counting: NDArray[np.bool_]
    ahead: NDArray[np.bool_] | None = None  # the week after the history, (rows, columns)


def fit(
    config: Config,
    city: City,
    of: tuple[str, NDArray[np.float32]],
    seed: list[int],
    work: Work,
    *,
    put_down: bool = False,
) -> Fitted:
    """Fit a model on a record and flag the top of every test week, and of the week to come.

    Args:
        config: what model, which share is flagged.
        city: weeks, cells, and what stands still.
        of: theme and its record, shape (weeks, rows, columns).
        seed: of sampling and of ties.
        work: who does the work on tiles.
        put_down: whether scored tiles are put down, for a run that goes on after a stop.

    Raises:
        InputError: there are too few incidents to fit on.
    """
    theme, counts = of
    ties, counting_ties = np.random.default_rng(seed).spawn(2)
    known = count_scores(counts, MEMORY_WEEKS)[city.test]
    counted = np.concatenate([known, counts[-MEMORY_WEEKS:].sum(axis=0, dtype=float)[None]])
    model, score = None, counted
    if config.forecast.model == "cas_ensemble":
        panel = work.reach(tiles_of(city, theme, counts))
        subject = Subject(panel, theme, known_of(city))
        train = sample_panel(subject, city.train, seed, work)
        if train.hit.sum() < config.forecast.train_weeks:
            message = (
                f"Theme {theme} has fewer cells with an incident than weeks to train on; "
                f"expected at least {config.forecast.train_weeks}."
            )
            raise InputError(message)
        model = fit_ensemble(config.forecast.seed, train)
        weeks = np.arange(city.test.start, city.test.stop + 1)
        name = fingerprint(train.features, train.hit, str(model)) if put_down else None
        scoring = scoring_of(subject, model, weeks, work.folder, name)
        score = spread(score_panel(scoring, work), panel)
    share = config.forecast.flagged_share
    flagged = np.stack([flag_top(week, city.kept, share, ties) for week in score])
    counting = np.stack([flag_top(week, city.kept, share, counting_ties) for week in counted])
    return Fitted(model, score[:-1], flagged[:-1], counting[:-1], flagged[-1])
