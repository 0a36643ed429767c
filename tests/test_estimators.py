"""Fitted models of others: scored on our features by name, and refused where they rank nothing."""

import json
import pickle  # noqa: TID251 - to see one refused
import shutil
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skops import io

from cas_audit.config import Config, Elsewhere, load_config
from cas_audit.errors import InputError
from cas_audit.files import read_json
from cas_audit.forecast.city import City, features_of, open_city, panel_of, weeks_of
from cas_audit.forecast.estimators import score_rows
from cas_audit.forecast.others import forecast
from cas_audit.forecast.registry import quiet_mlflow
from cas_audit.forecast.step import describe_features
from cas_audit.ingest.step import ingest
from cas_audit.simulate.feed import write_feed

THEME = "home_burglary"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small trial city that was ingested, with its configuration."""
    folder = tmp_path_factory.mktemp("models")
    write_feed(folder, seed=5, side=30, weeks=80, themes=(THEME,))
    text = {"nl": "Proef", "en": "Trial"}
    files = {"incidents": "incidents.csv", "areas": "areas.geojson"}
    config = {
        "name": "theirs",
        "version": "1",
        "title": text,
        "reference_date": "2026-01-05",
        "regime": "open_data",
        "purpose": {"goal": text, "action": text},
        "sources": {
            name: {"path": f"feed/{file}", "contract": name} for name, file in files.items()
        },
        "themes": [THEME],
        "channels": ["brought"],
        "forecast": {"model": {"skops": "{theme}.skops"}, "train_weeks": 8, "test_weeks": 8},
        "groups": [{"name": "born_outside_europe", "reference": "born_netherlands"}],
    }
    (folder / "config.yaml").write_text(json.dumps(config))
    ingest(load_config(folder / "config.yaml"), folder / "dossier")
    return folder


def configured(base: Path, **chosen: Any) -> Config:
    """Return the configuration with a model of someone else."""
    config = load_config(base / "config.yaml")
    model = config.forecast.model_copy(update={"model": Elsewhere(**chosen)})
    return config.model_copy(update={"forecast": model})


def known(base: Path) -> tuple[City, NDArray[np.float32], NDArray[np.float32], list[str]]:
    """Return city, features and incidents of the weeks of training, and names of the features."""
    config = load_config(base / "config.yaml")
    city = open_city(config, base / "dossier/data")
    counts = panel_of(city, THEME, config.channels)
    rows = features_of(city, counts, weeks_of(city, city.train))
    names = [one["name"] for one in describe_features(city)]
    return city, rows.reshape(-1, len(names)), counts[city.train][:, city.kept].ravel(), names


def given(base: Path, config: Config, out: Path) -> pd.DataFrame:
    """Forecast in a copy of the dossier; return the forecasts."""
    shutil.copytree(base / "dossier", out)
    forecast(config, out, out.parent / "tiles")
    return pd.read_parquet(out / "forecasts.parquet")


def fitted(base: Path) -> Any:
    """Return a model that was fitted on a frame, so that it knows the names of its features."""
    _, rows, counts, names = known(base)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    return model.fit(pd.DataFrame(rows, columns=names)[names[::-1]], counts > 0)


def test_a_skops_file_is_scored_on_our_features(base: Path, tmp_path: Path) -> None:
    """The scores are those that the model gives by hand; its file is kept, and nothing is tried."""
    model = fitted(base)
    io.dump(model, tmp_path / "model.skops")
    config = configured(base, skops=str(tmp_path / "model.skops"))
    found = given(base, config, tmp_path / "out")
    city, _, _, names = known(base)
    counts = panel_of(city, THEME, ["brought"])
    week = features_of(city, counts, weeks_of(city, city.test))[0]
    expected = model.predict_proba(pd.DataFrame(week, columns=names)[names[::-1]])[:, 1]
    first = found[found["period"] == found["period"].min()]
    described = read_json(tmp_path / "out/model/parameters.json")

    assert pytest.approx(expected, abs=1e-8) == first["score"].to_numpy()
    assert round(0.03 * city.kept.sum()) == first["flagged"].sum()
    assert names == [one["name"] for one in read_json(tmp_path / "out/model/features.json")]
    assert (tmp_path / f"out/model/given/{THEME}.skops").is_file()
    assert ("skops", "cell") == (described["model"], described["unit"])
    assert not (tmp_path / "out/trials").exists()
    assert (tmp_path / "out/model/weekly.parquet").is_file()


@pytest.mark.parametrize("model", [PoissonRegressor(), HistGradientBoostingClassifier(max_iter=5)])
def test_a_model_without_names_gets_all_features_in_order(
    base: Path, tmp_path: Path, model: Any
) -> None:
    """Whether it gives chances or counts; what scikit-learn itself holds needs no trust."""
    _, rows, counts, _ = known(base)
    target = counts if isinstance(model, PoissonRegressor) else counts > 0
    io.dump(model.fit(rows, target), tmp_path / f"{THEME}.skops")
    types = io.get_untrusted_types(file=tmp_path / f"{THEME}.skops")
    config = configured(base, skops=str(tmp_path / "{theme}.skops"), trusted=types)
    found = given(base, config, tmp_path / "out")

    assert found["score"].nunique() > 10


@pytest.mark.parametrize("write", [pickle.dump, joblib.dump], ids=["pickle", "joblib"])
def test_a_pickle_is_never_opened(base: Path, tmp_path: Path, write: Any) -> None:
    """Whatever it is called: reading one runs what it says."""
    with (tmp_path / "model.skops").open("wb") as stream:
        write(DummyClassifier(), stream)

    with pytest.raises(InputError, match="is a pickle, which runs code"):
        given(base, configured(base, skops=str(tmp_path / "model.skops")), tmp_path / "out")


def test_a_file_that_is_neither_or_absent_is_named(base: Path, tmp_path: Path) -> None:
    """In one sentence, with what was expected."""
    (tmp_path / "text.skops").write_text("geen model")

    for name, said in (("text.skops", "is no skops file"), ("absent.skops", "does not exist")):
        with pytest.raises(InputError, match=said):
            given(base, configured(base, skops=str(tmp_path / name)), tmp_path / name[:4])


def test_a_type_that_is_not_trusted_stops_it(base: Path, tmp_path: Path) -> None:
    """It is named, so that a person can look at it and trust it."""
    io.dump(Odd(), tmp_path / "model.skops")

    with pytest.raises(InputError, match=r"types that are not of scikit-learn, such as .*Odd"):
        given(base, configured(base, skops=str(tmp_path / "model.skops")), tmp_path / "out")


class Odd(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # the library has no types
    """A model that scores as it is told."""

    def __init__(self, score: object = 0.5, classes: object = (0, 1)) -> None:
        """Take what to say."""
        self.score, self.classes = score, classes

    @property
    def classes_(self) -> object:
        """The classes."""
        return self.classes

    def predict_proba(self, rows: Any) -> NDArray[np.float64]:
        """Say it."""
        return np.column_stack([np.ones(len(rows)), np.full(len(rows), self.score)])


class Count(RegressorMixin, BaseEstimator):  # type: ignore[misc] # the library has no types
    """A model that predicts what it is told."""

    def __init__(self, value: object) -> None:
        """Take what to say."""
        self.value = value

    def predict(self, rows: Any) -> object:
        """Say it."""
        return [self.value] * len(rows)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Odd(float("nan")), "5 of 5 scores in a week that are not finite or below zero"),
        (Odd(float("inf")), "not finite"),
        (Odd(-0.1), "below zero"),
        (Odd(classes=(1, 0)), "2 classes that are not 0 and 1 in this order"),
        (Odd(classes=(-1, 1)), "2 classes that are not 0 and 1"),
        (Odd(classes=(0, 1, 2)), "3 classes that are not"),
        (Count("geheim"), r"cannot score the cells \(ValueError\)"),
        (Count(-3.0), "below zero"),
        (Count([1.0, 2.0, -3.0]), "below zero"),
    ],
    ids=["nan", "inf", "negative", "turned", "minus", "three", "text", "debt", "columns"],
)
def test_scores_that_mean_nothing_are_refused(model: Any, said: str) -> None:
    """One clear sentence, and never a number."""
    with pytest.raises(InputError, match=said) as caught:
        score_rows(model, np.zeros((5, 2), dtype=np.float32), THEME)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("model", [DummyRegressor(), DummyClassifier()])
def test_a_constant_ranks_nothing(base: Path, tmp_path: Path, model: Any) -> None:
    """Nor do two values, which could be classes."""
    _, rows, counts, _ = known(base)
    io.dump(model.fit(rows, counts > 0), tmp_path / "model.skops")

    with pytest.raises(InputError, match="gives 1 different scores in all"):
        given(base, configured(base, skops=str(tmp_path / "model.skops")), tmp_path / "out")


def test_features_that_are_not_there_are_counted(base: Path, tmp_path: Path) -> None:
    """By name where the model has names, and by number where it has none."""
    _, rows, counts, names = known(base)
    frame = pd.DataFrame(rows, columns=[*names[1:], "inkomen"])
    io.dump(LogisticRegression(max_iter=900).fit(frame, counts > 0), tmp_path / "named.skops")
    few = LogisticRegression(max_iter=900).fit(rows[:, :3], counts > 0)
    io.dump(few, tmp_path / "few.skops")

    for name, said in (("named", "asks for 1 features that are not"), ("few", "fitted on 3")):
        with pytest.raises(InputError, match=said):
            given(base, configured(base, skops=str(tmp_path / f"{name}.skops")), tmp_path / name)


@pytest.fixture(scope="module")
def registry(base: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a registry with a model stored with skops, one as pickle, and one that is code."""
    folder = tmp_path_factory.mktemp("registry")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    needs = {"pip_requirements": ["scikit-learn"]}
    with quiet_mlflow() as mlflow:
        mlflow.set_tracking_uri(uri)
        place = (folder / "artifacts").as_uri()
        mlflow.set_experiment(
            experiment_id=mlflow.create_experiment("theirs", artifact_location=place)
        )
        for name, form in ((THEME, "skops"), ("pickled", "cloudpickle")):
            mlflow.sklearn.log_model(
                fitted(base),
                name=name,
                registered_model_name=name,
                serialization_format=form,
                **needs,
            )
        ones = _code(mlflow)
        mlflow.pyfunc.log_model(
            name="code", python_model=ones, registered_model_name="code", **needs
        )
    return uri


def _code(mlflow: Any) -> Any:
    """Return a pyfunc that sums the features of a row."""

    class Summing(mlflow.pyfunc.PythonModel):  # type: ignore[misc] # the library has no types
        """A model that is code."""

        def predict(self, context, model_input):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202, ARG002
            """Sum."""
            return np.asarray(model_input, dtype=float).sum(axis=1)

    return Summing()


@pytest.mark.slow
def test_a_registered_model_scores_like_its_file(base: Path, tmp_path: Path, registry: str) -> None:
    """By URI, the theme filled in."""
    io.dump(fitted(base), tmp_path / "model.skops")
    one = given(base, configured(base, skops=str(tmp_path / "model.skops")), tmp_path / "one")
    config = configured(base, mlflow="models:/{theme}/1", registry=registry)
    other = given(base, config, tmp_path / "other")

    assert one.equals(other)
    assert "mlflow" == read_json(tmp_path / "other/model/parameters.json")["model"]


@pytest.mark.slow
def test_a_registered_model_that_runs_code_asks_for_leave(
    base: Path, tmp_path: Path, registry: str
) -> None:
    """A pickle and a pyfunc are refused, unless the configuration says that code may run."""
    for name in ("pickled", "code"):
        with pytest.raises(InputError, match="stored as a pickle or brings code of its own"):
            given(
                base,
                configured(base, mlflow=f"models:/{name}/1", registry=registry),
                tmp_path / name,
            )
    leave = configured(base, mlflow="models:/code/1", registry=registry, runs_code=True)
    found = given(base, leave, tmp_path / "leave")

    assert found["score"].max() > 1


@pytest.mark.slow
def test_a_model_that_is_not_registered_is_named(base: Path, tmp_path: Path, registry: str) -> None:
    """By its URI, and never with that of the registry."""
    config = configured(base, mlflow="models:/absent/7", registry=registry)

    with pytest.raises(InputError, match="models:/absent/7 cannot be had") as caught:
        given(base, config, tmp_path / "out")
    assert "sqlite" not in str(caught.value)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({}, "either skops, or mlflow and registry"),
        ({"mlflow": "models:/a/1"}, "either skops, or mlflow and registry"),
        ({"skops": "a", "mlflow": "models:/a/1", "registry": "b"}, "either skops"),
        ({"mlflow": "runs:/a", "registry": "b"}, "pattern"),
        ({"mlflow": "models:/a/1", "registry": "http://u:p@h"}, "holds a password"),
        ({"skops": "a", "runs_code": True}, "a skops file runs none"),
    ],
)
def test_a_model_is_in_one_place(chosen: dict[str, Any], said: str) -> None:
    """And no password stands in a configuration."""
    with pytest.raises(ValueError, match=said):
        Elsewhere(**chosen)


def test_a_forecast_of_a_fortnight_is_judged_on_both_of_its_weeks(
    base: Path, tmp_path: Path
) -> None:
    """Flags stand for every week of their period, and meet the incidents of those weeks alone."""
    io.dump(fitted(base), tmp_path / "model.skops")
    config = configured(base, skops=str(tmp_path / "model.skops"))
    forecast_ = config.forecast.model_copy(update={"period_weeks": 2})
    found = given(base, config.model_copy(update={"forecast": forecast_}), tmp_path / "out")
    city, _, _, _ = known(base)
    weekly = pd.read_parquet(tmp_path / "out/model/weekly.parquet")
    hits = weekly[weekly["forecaster"] == "model"].groupby("week")["hits"].sum()
    flags = found.pivot_table(index="period", columns="cell", values="flagged")
    counts = panel_of(city, THEME, ["brought"])[city.test][:, city.kept]
    expected = (flags.to_numpy() * counts).sum(axis=1)

    assert list(city.weeks[city.test]) == list(hits.index)
    assert (flags.to_numpy()[::2] == flags.to_numpy()[1::2]).all()
    assert expected.tolist() == hits.to_list()
