"""The evidence store: a door to MLflow, which is told to send nothing anywhere."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from cas_audit.audit.dossier import Manifest, read_manifest
from cas_audit.audit.finding import Findings
from cas_audit.audit.record import few_behind
from cas_audit.config import Evidence
from cas_audit.files import digest, read_json
from cas_audit.forecast.models import TRUSTED
from cas_audit.forecast.registry import quiet_mlflow

__all__ = ["record"]

KEPT = ("audit.json", "findings.json", "answers.json", "risks.json", "policy.yaml")
REQUIREMENTS = ("scikit-learn", "skops", "numpy", "scipy")


def record(audit: Path, findings: Findings, evidence: Evidence, store: Path) -> dict[str, Any]:
    """Log an audit as one MLflow run, and register each model as a version.

    Args:
        audit: a sealed audit folder.
        findings: of that audit.
        evidence: where to log; without a tracking URI, a sqlite store.
        store: folder of that sqlite store and its artifacts.

    Returns:
        Names and ids for `run.json`; never the tracking URI, which can hold a password.
    """
    with quiet_mlflow() as mlflow:
        mlflow.set_tracking_uri(evidence.tracking_uri or _sqlite(store))
        _choose_experiment(mlflow, evidence, store)
        manifest = read_manifest(audit / "dossier")
        with mlflow.start_run(run_name=f"{manifest.name} {manifest.version}") as run:
            mlflow.set_tags(_tags(audit, manifest))
            mlflow.log_params(_parameters(audit, manifest))
            mlflow.log_metrics(_metrics(audit, findings))
            for name in KEPT:
                mlflow.log_artifact(str(audit / name))
            for path in sorted([*audit.glob("report.*"), *audit.glob("receipt.*")]):
                mlflow.log_artifact(str(path))
            if evidence.log_dossier:
                mlflow.log_artifacts(str(audit / "dossier"), "dossier")
            models = _register(mlflow, audit, manifest)
        return {"experiment": evidence.experiment, "run": run.info.run_id, "models": models}


def _sqlite(store: Path) -> str:
    store.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{(store / 'mlflow.db').absolute()}"


def _choose_experiment(mlflow: Any, evidence: Evidence, store: Path) -> None:  # noqa: ANN401
    """Take the experiment, or make it; in a store of ours, artifacts stand beside the database."""
    if mlflow.get_experiment_by_name(evidence.experiment) is None:
        beside = (store / "artifacts").absolute().as_uri()
        place = None if evidence.tracking_uri else beside
        mlflow.create_experiment(evidence.experiment, artifact_location=place)
    mlflow.set_experiment(evidence.experiment)


def _tags(audit: Path, manifest: Manifest) -> dict[str, str]:
    return {
        "system": manifest.name,
        "version": manifest.version,
        "origin": manifest.origin,
        "regime": manifest.regime,
        "framework": manifest.framework,
        "verdict": read_json(audit / "answers.json")["verdict"]["gate"],
        "audit_sha256": digest(audit / "audit.json"),
    }


def _parameters(audit: Path, manifest: Manifest) -> dict[str, str]:
    chosen = read_json(audit / "dossier/model/parameters.json")
    lists = {"themes": manifest.themes, "channels": manifest.channels}
    joined = {name: ", ".join(values) for name, values in lists.items()}
    return {**{key: str(value) for key, value in chosen.items()}, **joined}


def _metrics(audit: Path, findings: Findings) -> dict[str, float]:
    metrics: dict[str, float | None] = {}
    for finding in findings.findings:
        low, high = finding.interval or (None, None)
        name = finding.check.replace("/", ".")
        metrics.update(
            {f"{name}.estimate": finding.estimate, f"{name}.low": low, f"{name}.high": high}
        )
    scores = audit / "dossier/model/scores.json"  # absent where no incidents are known
    for theme, forecasters in (read_json(scores) if scores.is_file() else {}).items():
        for forecaster, rates in forecasters.items():
            if few_behind(rates):
                continue  # metrics are public in kind, and rates would give a small count away
            del rates["incidents"]
            metrics.update({f"{theme}.{forecaster}.{key}": value for key, value in rates.items()})
    return {name: float(value) for name, value in metrics.items() if value is not None}


def _register(mlflow: Any, audit: Path, manifest: Manifest) -> dict[str, str]:  # noqa: ANN401
    """Register the fitted model of each theme, stored without pickle."""
    from skops import io  # noqa: PLC0415 - slow to import

    versions = {}
    for path in sorted((audit / "dossier/model").glob("*.skops")):
        name = f"{manifest.name}.{path.stem}"
        logged = mlflow.sklearn.log_model(
            io.load(path, trusted=list(TRUSTED)),
            name=path.stem,
            registered_model_name=name,
            serialization_format="skops",
            skops_trusted_types=list(TRUSTED),
            pip_requirements=[f"{package}=={version(package)}" for package in REQUIREMENTS],
        )
        versions[name] = str(logged.registered_model_version)
    return versions
