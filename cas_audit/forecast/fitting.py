"""One theme: a model fitted on its record, and the flags of every test period."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.exceptions import ConvergenceWarning

from cas_audit.config import Config
from cas_audit.errors import InputError
from cas_audit.forecast.city import City, known_of, panel_of, tiles_of
from cas_audit.forecast.features import Feature, count_feature
from cas_audit.forecast.flagging import flag
from cas_audit.forecast.forecasters import OTHERS, Forecaster, forecaster_of
from cas_audit.forecast.learning import Record, learn
from cas_audit.forecast.models import cas_ensemble, count_scores
from cas_audit.forecast.panels import fingerprint
from cas_audit.forecast.periods import origins_in
from cas_audit.forecast.sampling import Sample
from cas_audit.forecast.scores import flag_top
from cas_audit.forecast.scoring import Subject, sample_panel, score_panel, scoring_of, spread
from cas_audit.forecast.searching import Search, search
from cas_audit.forecast.work import Work

__all__ = ["Fitted", "fit", "fit_ensemble", "forecaster_for", "known_by", "record_of"]

COUNTED_WEEKS = 52  # what `counting` looks back on
SURE = 1 - 1e-9  # a chance of one has no rate
Grids = NDArray[np.float64]  # (periods, rows, columns)


@dataclass(frozen=True)
class Fitted:
    """One theme: flags, scores and the model behind them, for every test period.

    `score` is how many incidents are expected in the period; of counting, what was counted.
    """

    model: Any
    score: Grids
    flagged: NDArray[np.bool_]
    counting: NDArray[np.bool_]
    ahead: NDArray[np.bool_] | None = None  # the period after the history, (rows, columns)
    search: Search = field(default_factory=lambda: Search({}, []))
    features: tuple[dict[str, Any], ...] = ()  # it was fitted on, described, in their order


def fit(
    config: Config,
    city: City,
    of: tuple[str, NDArray[np.float32]],
    seed: list[int],
    work: Work,
    *,
    put_down: bool = False,
    chosen: Mapping[str, float] | None = None,
) -> Fitted:
    """Fit a model on a record and flag the top of every test period, and of the one to come.

    Args:
        config: what model, which share is flagged.
        city: weeks, cells, and what stands still.
        of: theme and its record, shape (weeks, rows, columns).
        seed: of sampling and of ties.
        work: who does the work on tiles.
        put_down: whether scored tiles are put down, for a run that goes on after a stop.
        chosen: settings that a search chose before; without them they are searched.

    Raises:
        InputError: there are too few incidents to fit on.
    """
    ties, counting_ties = np.random.default_rng(seed).spawn(2)
    origins = np.append(city.origins, len(city.weeks))
    counted = count_scores(of[1], origins, COUNTED_WEEKS)
    model, score, found = None, counted, Search({}, [])
    features: tuple[Feature, ...] = (count_feature(COUNTED_WEEKS, 0),)
    if config.forecast.model == "cas_ensemble":
        model, score, features = _cas(
            config, city, of, origins=origins, seed=seed, work=work, put_down=put_down
        )
    elif config.forecast.model != "counting":
        model, score, found, features = _rates(
            config,
            city,
            of,
            origins=origins,
            seed=seed,
            work=work,
            put_down=put_down,
            chosen=chosen,
        )
    share = config.forecast.flagged_share
    worth = city.worth(of[0], score)
    flagged = np.stack([flag(week, city.kept, config, city.lives, ties) for week in worth])
    counting = np.stack([flag_top(week, city.kept, share, counting_ties) for week in counted])
    known = tuple(one.described() for one in features)
    return Fitted(model, score[:-1], flagged[:-1], counting[:-1], flagged[-1], found, known)


def _cas(
    config: Config,
    city: City,
    of: tuple[str, NDArray[np.float32]],
    *,
    origins: NDArray[np.int64],
    seed: list[int],
    work: Work,
    put_down: bool,
) -> tuple[ClassifierMixin, Grids, tuple[Feature, ...]]:
    """Fit the look-alike of CAS on single weeks, tile by tile."""
    theme, counts = of
    panel = work.reach(tiles_of(city, theme, counts))
    subject = Subject(panel, theme, known_of(city))
    train = sample_panel(subject, city.train, seed, work)
    _demand_hits(config, theme, int(train.hit.sum()))
    model = fit_ensemble(config.forecast.seed, train)
    name = fingerprint(train.features, train.hit, str(model)) if put_down else None
    scoring = scoring_of(subject, model, origins, work.folder, name)
    chance = spread(score_panel(scoring, work), panel)
    rate = _expected(chance, train) * city.period_weeks
    return model, rate, tuple(subject.features)


def _demand_hits(config: Config, theme: str, hits: int) -> None:
    if hits < config.forecast.train_weeks:
        message = (
            f"Theme {theme} has fewer cells with an incident than weeks to train on; "
            f"expected at least {config.forecast.train_weeks}."
        )
        raise InputError(message)


def fit_ensemble(seed: int, train: Sample) -> ClassifierMixin:
    """Fit; that the network stops at its limit of iterations is part of what the model is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return cas_ensemble(seed).fit(train.features, train.hit)


def _expected(chance: Grids, train: Sample) -> Grids:
    """Return incidents a week from chances that were learned where others were left out.

    The odds are divided by how many cell-weeks each of the others stood for (King & Zeng 2001,
    prior correction), and a chance p of one or more is a rate of -log(1 - p). Ranks stay.
    """
    others = float(train.weight[~train.hit].mean()) if not train.hit.all() else 1.0
    right = chance / (chance + (1 - chance) * others)
    expected: Grids = -np.log1p(-np.minimum(right, SURE))
    return expected


def _rates(
    config: Config,
    city: City,
    of: tuple[str, NDArray[np.float32]],
    *,
    origins: NDArray[np.int64],
    seed: list[int],
    work: Work,
    put_down: bool,
    chosen: Mapping[str, float] | None,
) -> tuple[Any, Grids, Search, tuple[Feature, ...]]:
    """Fit a model of rates, with settings chosen in training unless they are given."""
    theme, counts = of
    record, train = (
        record_of(config, city, theme, counts),
        origins_in(city.train, city.period_weeks),
    )
    _demand_hits(config, theme, int((record.followed(train) > 0).sum()))
    forecaster = forecaster_for(config, city, theme)
    seeds = [config.forecast.seed, *seed]
    found = (
        Search(dict(chosen), [])
        if chosen is not None
        else search(forecaster, record, train, seeds, config.forecast.flagged_share)
    )
    model = learn(forecaster, record, train, seeds, found.chosen)
    tiles = tiles_of(city, theme, counts, record.themes, forecaster.reach_cells)
    subject = Subject(work.reach(tiles), theme, forecaster.features)
    name = fingerprint(str(seeds), str(sorted(found.chosen.items())), train) if put_down else None
    scoring = scoring_of(subject, model, origins, work.folder, name)
    return model, spread(score_panel(scoring, work), tiles), found, forecaster.features


def forecaster_for(config: Config, city: City, theme: str, name: str | None = None) -> Forecaster:
    """Return a forecaster of rates by name, by default the one configured."""
    others = [one for one in config.themes if one != theme]
    layers = [one for one in known_of(city) if not one.window_weeks]
    found = forecaster_of(name or str(config.forecast.model), others, layers)
    features = tuple(one for one in found.features if one.name not in city.left_out)
    return replace(found, features=features)


def record_of(config: Config, city: City, theme: str, counts: NDArray[np.float32]) -> Record:
    """Return the record of a theme with what is known beside it; other themes as recorded."""
    others = {one: panel_of(city, one, config.channels) for one in config.themes if one != theme}
    if others:
        others[OTHERS] = np.sum(list(others.values()), axis=0, dtype=np.float32)
    return Record(counts, city.kept, city.period_weeks, others, city.layers)


def known_by(config: Config, city: City, theme: str) -> tuple[Feature, ...]:
    """Return the features that the configured model is fitted on."""
    if config.forecast.model == "cas_ensemble":
        return known_of(city)
    if config.forecast.model == "counting":
        return (count_feature(COUNTED_WEEKS, 0),)
    return forecaster_for(config, city, theme).features
