"""A model of someone else in an MLflow registry; MLflow's second door, which keeps it quiet.

A model in a registry can be a pickle, or name a module to run. Without `runs_code` only a model of
scikit-learn that was stored with skops is loaded, and only with types that are trusted here: which
types a registry calls trusted is said by whoever stored the model.
"""

import hashlib
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from cas_audit.config import Elsewhere, fill_in
from cas_audit.errors import InputError
from cas_audit.files import digest, tree
from cas_audit.forecast.models import TRUSTED

__all__ = ["load_registered", "quiet_mlflow"]

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


@contextmanager
def quiet_mlflow() -> Iterator[Any]:
    """Give MLflow with telemetry off: its settings are read when it is first imported."""
    before = {name: os.environ.get(name) for name in SETTINGS}
    os.environ.update(SETTINGS)
    with warnings.catch_warnings(), redirect_stderr(StringIO()):
        warnings.simplefilter("ignore")  # what it says is about its own insides; errors are raised
        import mlflow  # noqa: PLC0415, TID251
        import mlflow.sklearn  # noqa: PLC0415, TID251

        uri = mlflow.get_tracking_uri()
        try:
            yield mlflow
        finally:
            mlflow.set_tracking_uri(uri)
            _restore(before)


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is not None:
            os.environ[name] = value
        elif name != "MLFLOW_DISABLE_TELEMETRY":  # stays off: MLflow asks again later
            os.environ.pop(name, None)


def load_registered(chosen: Elsewhere, theme: str) -> tuple[Any, str]:
    """Load the model of a theme from a registry.

    Args:
        chosen: its URI and registry, and what is trusted.
        theme: fills in `{theme}`.

    Returns:
        The model, with `predict` at least, and the digest of all of its files.

    Raises:
        InputError: there is no such model, or it would run code.
    """
    uri = str(chosen.mlflow).replace("{theme}", theme)
    with quiet_mlflow() as mlflow, tempfile.TemporaryDirectory() as folder:
        try:
            mlflow.set_tracking_uri(fill_in(str(chosen.registry), Path("forecast.model.registry")))
            found = Path(mlflow.artifacts.download_artifacts(uri, dst_path=folder))
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001 - its text could hold the URI of the registry
            message = (
                f"{uri} cannot be had from the registry ({type(error).__name__}); "
                f"expected models:/NAME/VERSION, and forecast.model.registry to hold it."
            )
            raise InputError(message) from None
        flavors = _flavors(found, uri)
        if not chosen.runs_code:
            _demand_no_code(flavors, uri, chosen.trusted)
        try:
            flavor = mlflow.sklearn if "sklearn" in flavors else mlflow.pyfunc
            return flavor.load_model(str(found)), _digest(found)
        except Exception as error:  # noqa: BLE001 - of any kind: whatever was stored is run
            message = f"{uri} cannot be loaded ({type(error).__name__})."
            raise InputError(message) from None


def _flavors(found: Path, uri: str) -> dict[str, Any]:
    try:
        said = yaml.safe_load((found / "MLmodel").read_text(encoding="utf-8"))
        flavors: dict[str, Any] = dict(said["flavors"])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        message = f"{uri} holds no readable MLmodel ({type(error).__name__})."
        raise InputError(message) from None
    return flavors


def _demand_no_code(flavors: dict[str, Any], uri: str, trusted: list[str]) -> None:
    """Refuse what runs code when it is loaded: a pickle, a module of its own, an odd type."""
    general, own = flavors.get("python_function", {}), flavors.get("sklearn", {})
    plain = own.get("serialization_format") == "skops" and not own.get("code")
    plain = plain and general.get("loader_module", "mlflow.sklearn") == "mlflow.sklearn"
    if not plain or general.get("code"):
        message = (
            f"{uri} is stored as a pickle or brings code of its own, which runs when it is loaded; "
            f"expected a model of scikit-learn stored with skops, or forecast.model.runs_code."
        )
        raise InputError(message)
    unknown = sorted(set(own.get("skops_trusted_types") or []) - {*TRUSTED, *trusted})
    if unknown:
        message = (
            f"{uri} holds {len(unknown)} types that are not of scikit-learn, such as "
            f"{unknown[0]}; expected each of them in forecast.model.trusted."
        )
        raise InputError(message)


def _digest(found: Path) -> str:
    """Return one digest of all files of a model, by name."""
    lines = "".join(f"{name} {digest(found / name)}\n" for name in tree(found))
    return hashlib.sha256(lines.encode()).hexdigest()
