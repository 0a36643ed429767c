"""A fitted model of someone else, scored on our features, like a table of its forecasts.

A model can be anything, so nothing of it is taken on trust: a pickle is not opened, features are
handed over by name, and scores that rank no cells stop the audit.
"""

import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config, Elsewhere
from cas_audit.errors import InputError
from cas_audit.files import digest, write_json
from cas_audit.forecast.city import features_of, judged_on, open_city, panel_of
from cas_audit.forecast.given import Given, audit_given
from cas_audit.forecast.means import sum_rows, tabulate, write_known
from cas_audit.forecast.models import TRUSTED
from cas_audit.forecast.past import Weeks
from cas_audit.forecast.step import describe_features
from cas_audit.forecast.table import each_week, flag_most
from cas_audit.progress import track

__all__ = ["audit_model", "load_skops", "score_rows"]

PICKLE = b"\x80"  # how every pickle of the last twenty years begins
ZLIB, GZIP = b"\x78", b"\x1f\x8b"  # and how joblib packs one
FEWEST_SCORES = 3  # two could be classes, and one ranks nothing
Scores = NDArray[np.float64]


def audit_model(config: Config, chosen: Elsewhere, dossier: Path) -> None:
    """Score every test week with the model of each theme, and judge its forecasts.

    Args:
        config: what is audited.
        chosen: where the models are.
        dossier: folder with `data/` from ingest; gains `model/`, the partition, the forecasts and
            `public/`, and no trials: how the model was fitted is not known here.

    Raises:
        InputError: a model cannot be read, or does not score cells.
    """
    city = open_city(config, dossier / "data")
    features = describe_features(city)
    names = [str(one["name"]) for one in features]
    (dossier / "model/given").mkdir(parents=True)
    score, flagged, digests, known = {}, {}, {}, {}
    cells = np.flatnonzero(city.kept)
    for number, theme in enumerate(track(config.themes, "score")):
        model, digests[theme] = _load(chosen, theme, dossier / "model/given")
        counts = panel_of(city, theme, config.channels)
        rows = features_of(city, counts, Weeks(city.origins, cells))
        sums = [sum_rows(rows)]
        mean, first = rows.mean(axis=0, dtype=float), rows[0].astype(float)
        known[theme] = tabulate((theme, names), cells, mean, first, sums)
        score[theme] = _score(model, rows, (theme, names))
        rng = np.random.default_rng([config.forecast.seed, number])
        everywhere = np.ones(score[theme].shape, dtype=bool)
        share = config.forecast.flagged_share
        flagged[theme] = flag_most(score[theme], everywhere, share, (theme, rng))
    write_json(dossier / "model/features.json", features)
    write_known(known, dossier)
    described = {
        "model": "skops" if chosen.skops else "mlflow",
        "sha256": digests,
        "unit": "cell",
        "judged_on": judged_on(config),
        **config.forecast.model_dump(include={"flagged_share", "test_weeks", "seed"}),
    }
    write_json(dossier / "model/parameters.json", described)
    length = config.forecast.period_weeks
    given = Given(
        each_week(city.periods, length),
        {theme: one.repeat(length, axis=0) for theme, one in score.items()},
        {theme: one.repeat(length, axis=0) for theme, one in flagged.items()},
    )
    audit_given(config, dossier, given)


def _load(chosen: Elsewhere, theme: str, kept: Path) -> tuple[Any, str]:
    """Return the model of a theme and its digest; a file is kept in the dossier."""
    if chosen.skops is None:
        from cas_audit.forecast.registry import load_registered  # noqa: PLC0415 - loads MLflow

        return load_registered(chosen, theme)
    path = Path(chosen.skops.replace("{theme}", theme))
    model = load_skops(path, chosen.trusted)
    shutil.copyfile(path, kept / f"{theme}.skops")
    return model, digest(path)


def load_skops(path: Path, trusted: list[str]) -> Any:  # noqa: ANN401 - of any class
    """Read a fitted estimator from a skops file.

    Args:
        path: the file.
        trusted: types it may hold besides those of scikit-learn.

    Raises:
        InputError: it is a pickle or no skops file, or holds a type that is not trusted.
    """
    from skops import io  # noqa: PLC0415 - slow to import

    _demand_skops(path)
    try:
        types = io.get_untrusted_types(file=path)
        unknown = sorted(set(types) - {*TRUSTED, *trusted})
        if not unknown:
            return io.load(path, trusted=types)
    except Exception as error:  # noqa: BLE001 - the text of any of them could quote the file
        message = f"{path} cannot be read as skops ({type(error).__name__})."
        raise InputError(message) from None
    message = (
        f"{path} holds {len(unknown)} types that are not of scikit-learn, such as {unknown[0]}; "
        f"expected each of them in forecast.model.trusted, after it was looked at."
    )
    raise InputError(message)


def _demand_skops(path: Path) -> None:
    if not path.is_file():
        message = f"{path} does not exist; expected the skops file of a fitted model."
        raise InputError(message)
    if zipfile.is_zipfile(path):
        return
    with path.open("rb") as stream:
        start = stream.read(2)
    if start.startswith((PICKLE, ZLIB, GZIP)):
        message = (
            f"{path} is a pickle, which runs code when it is read; expected a skops file "
            f"(skops.io.dump)."
        )
        raise InputError(message)
    message = f"{path} is no skops file; expected one that skops.io.dump wrote."
    raise InputError(message)


def _score(
    model: Any,  # noqa: ANN401 - of any class
    features: NDArray[np.float32],
    of: tuple[str, list[str]],
) -> Scores:
    """Return the scores of every test period and kept cell."""
    theme, names = of
    wanted = _columns(model, of)
    weeks = [score_rows(model, _frame(week, names, wanted), theme) for week in features]
    found = np.stack(weeks)
    different = len(np.unique(found))
    if different < FEWEST_SCORES:
        message = (
            f"The model of theme {theme} gives {different} different scores in all; "
            f"expected chances or counts that rank the cells, not classes or a constant."
        )
        raise InputError(message)
    return found


def _columns(model: Any, of: tuple[str, list[str]]) -> list[str] | None:  # noqa: ANN401
    """Return the features a model asks for by name, in its order; None where it has no names.

    Raises:
        InputError: it asks for others than there are.
    """
    theme, names = of
    wanted = getattr(model, "feature_names_in_", None)
    if wanted is not None:
        unknown = sum(str(one) not in names for one in wanted)
        if unknown:
            message = (
                f"The model of theme {theme} asks for {unknown} features that are not among the "
                f"{len(names)} there are; expected names such as {names[0]}."
            )
            raise InputError(message)
        return [str(one) for one in wanted]
    number = getattr(model, "n_features_in_", len(names))
    if number != len(names):
        message = (
            f"The model of theme {theme} was fitted on {number} features without names; "
            f"expected the {len(names)} that stand in model/features.json."
        )
        raise InputError(message)
    return None if hasattr(model, "n_features_in_") else names


def _frame(
    rows: NDArray[np.float32], names: list[str], wanted: list[str] | None
) -> "pd.DataFrame | NDArray[np.float32]":
    return rows if wanted is None else pd.DataFrame(rows, columns=names)[wanted]


def score_rows(
    model: Any,  # noqa: ANN401 - of any class
    rows: "pd.DataFrame | NDArray[np.float32]",
    theme: str,
) -> Scores:
    """Return a score for each row: the chance of an incident, or else what the model predicts.

    Raises:
        InputError: the model breaks, its classes are not no and yes in that order, or a score is
            absent, not finite or below zero.
    """
    try:
        if hasattr(model, "predict_proba"):
            found = _chances(model, rows, theme)
        else:
            found = np.asarray(model.predict(rows), dtype=float)
            found = found[:, -1] if found.ndim > 1 else found
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - of any kind, and its text could quote the data
        message = f"The model of theme {theme} cannot score the cells ({type(error).__name__})."
        raise InputError(message) from None
    if found.shape != (len(rows),):
        message = (
            f"The model of theme {theme} gives {len(found)} scores for {len(rows)} cells; "
            f"expected one for each."
        )
        raise InputError(message)
    wrong = int((~(np.isfinite(found) & (found >= 0))).sum())
    if wrong:
        message = (
            f"The model of theme {theme} gives {wrong} of {len(rows)} scores in a week that are "
            f"not finite or below zero; expected chances or counts."
        )
        raise InputError(message)
    return found


def _chances(
    model: Any,  # noqa: ANN401 - of any class
    rows: "pd.DataFrame | NDArray[np.float32]",
    theme: str,
) -> Scores:
    classes = np.asarray(model.classes_).tolist()
    if classes != [0, 1]:
        message = (
            f"The model of theme {theme} has {len(classes)} classes that are not 0 and 1 in this "
            f"order; expected no incident (0, or false) and then an incident (1, or true)."
        )
        raise InputError(message)
    chances = np.asarray(model.predict_proba(rows), dtype=float)
    found: Scores = chances[:, 1]
    return found
