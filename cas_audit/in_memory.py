"""An audit from Python: tables in memory go through the same gate as files.

Each table is written to a folder that only we may read, under the columns that its contract admits;
of every other column there is its name alone, for the receipt. The folder is gone afterwards.
"""

import json
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cas_audit.config import Config
from cas_audit.errors import ConfigError, InputError
from cas_audit.files import read_yaml

if TYPE_CHECKING:
    from cas_audit.assure.answers import Answer
    from cas_audit.assure.gate import Judgement
    from cas_audit.audit.finding import Finding
    from cas_audit.ingest.contract import Contract

__all__ = ["Audit", "audit"]

Raw = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Audit:
    """A sealed audit folder, and what stands in it."""

    folder: Path
    findings: "list[Finding]"
    answers: "list[Answer]"

    def gate(self, on: date | None = None) -> "Judgement":
        """Say whether this version may pass, as the command `gate` does; `code` is 0, 1 or 2."""
        from cas_audit.assure.gate import judge  # noqa: PLC0415 - loads pandas

        return judge(self.folder, on)

    def report(self, path: str | Path, language: Literal["nl", "en"] = "en") -> Path:
        """Copy the report in a language to a file; return its path."""
        return Path(shutil.copyfile(self.folder / f"report.{language}.html", path))


def audit(
    forecasts: Any,  # noqa: ANN401 - a frame of pandas or geopandas, or an estimator
    incidents: Any,  # noqa: ANN401 - a frame
    areas: Any,  # noqa: ANN401 - a GeoDataFrame
    config: Config | Mapping[str, Any] | str | Path,
    *,
    out: str | Path | None = None,
    statements: str | Path | None = None,
) -> Audit:
    """Audit forecasts that are at hand.

    Args:
        forecasts: a DataFrame or GeoDataFrame, a fitted estimator of scikit-learn or one for each
            theme; None lets the model of the configuration make them.
        incidents: a DataFrame or GeoDataFrame, or None.
        areas: a GeoDataFrame of outlines with residents.
        config: a configuration, or the path of one. What is handed over here needs no `path` there;
            its `contract` is a name, a path, or the contract itself.
        out: folder to keep the audit in; without it, it goes with the result.
        statements: a folder of statements.

    Returns:
        The audit, which was not recorded in any evidence store.

    Raises:
        InputError: something that was handed in cannot be used.
    """
    from cas_audit import steps  # noqa: PLC0415 - `import cas_audit` loads nothing

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw, beside = _read(config)
        _place_others(raw, beside)
        tables = {"forecasts": forecasts, "incidents": incidents, "areas": areas}
        if _is_model(forecasts):
            raw.setdefault("forecast", {})["model"] = _write_models(tables, raw, folder)
        for table, frame in tables.items():
            _hand_over(raw, table, frame, folder, beside)
        path = folder / "config.yaml"
        path.write_text(json.dumps(raw, default=str), encoding="utf-8")  # JSON is YAML
        made = Path(out) if out else folder / "audit"
        steps.audit(path, made, Path(statements) if statements else None)
        return _open(made) if out else _keep(made)


def _keep(made: Path) -> Audit:
    """Move an audit to a folder that is there as long as the result is."""
    home = tempfile.mkdtemp()
    try:
        found = _open(Path(shutil.move(made, Path(home) / "audit")))
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    weakref.finalize(found, shutil.rmtree, home, ignore_errors=True)
    return found


def _open(folder: Path) -> Audit:
    from cas_audit.assure.answers import Answers  # noqa: PLC0415 - loads pandas
    from cas_audit.assure.gate import read_findings  # noqa: PLC0415
    from cas_audit.config import read_record  # noqa: PLC0415

    answers = read_record(Answers, folder / "answers.json", ConfigError)
    return Audit(folder, list(read_findings(folder).findings), list(answers.answers))


def _read(config: Config | Mapping[str, Any] | str | Path) -> tuple[Raw, Path]:
    """Return the configuration as plain data, and the file that its paths are relative to."""
    if isinstance(config, str | Path):
        raw = read_yaml(Path(config))
        if not isinstance(raw, dict):
            message = f"{config} holds no configuration; expected keys and values."
            raise ConfigError(message)
        return raw, Path(config).absolute()
    if isinstance(config, Config):
        config = config.model_dump(mode="json", exclude_none=True, by_alias=True)
    return deepcopy(dict(config)), Path.cwd() / "config"


def _place_others(raw: Raw, beside: Path) -> None:
    """Make absolute what is relative to the configuration, which is written elsewhere."""

    def absolute(text: str) -> str:
        return text if text.startswith("${") else str((beside.parent / text).resolve())

    for source in raw.setdefault("sources", {}).values():
        if source and source.get("path"):
            source["path"] = absolute(source["path"])
    for name in ("statements", "policy", "advisories"):
        if raw.get(name):
            raw[name] = absolute(raw[name])
    model = raw.get("forecast", {}).get("model")
    if isinstance(model, dict) and model.get("skops"):
        model["skops"] = absolute(model["skops"])


def _is_model(forecasts: Any) -> bool:  # noqa: ANN401
    return hasattr(forecasts, "predict") or isinstance(forecasts, Mapping)


def _write_models(tables: Raw, raw: Raw, folder: Path) -> Raw:
    """Store a fitted estimator for each theme; what is in the hand of who calls us is trusted."""
    from skops import io  # noqa: PLC0415 - slow to import

    given = tables["forecasts"]
    tables["forecasts"] = None
    models = given if isinstance(given, Mapping) else dict.fromkeys(raw.get("themes", []), given)
    types: set[str] = set()
    for theme, model in models.items():
        try:
            io.dump(model, folder / f"{theme}.skops")
            types |= set(io.get_untrusted_types(file=folder / f"{theme}.skops"))
        except Exception as error:  # noqa: BLE001 - its text could quote what the model holds
            message = (
                f"The model of theme {theme} cannot be stored ({type(error).__name__}); "
                f"expected a fitted estimator of scikit-learn, or forecasts."
            )
            raise InputError(message) from None
    return {"skops": "{theme}.skops", "trusted": sorted(types)}


def _hand_over(raw: Raw, table: str, frame: Any, folder: Path, beside: Path) -> None:  # noqa: ANN401
    """Write a table for the gate, and say in the configuration where it lies."""
    from cas_audit.ingest.contract import load_contract  # noqa: PLC0415 - loads pandas

    source = raw["sources"].get(table)
    if source and isinstance(source.get("contract"), str | dict):
        source["contract"] = _contract(source["contract"], table, folder, beside)
    if frame is None:
        if source and not (source.get("path") or source.get("database")):
            del raw["sources"][table]
        return
    if not source or not source.get("contract"):
        message = f"sources.{table} has no contract; expected what may come in from this table."
        raise ConfigError(message)
    name = source["contract"]
    contract = load_contract(str(folder / name) if name.endswith(".yaml") else name)
    write = _write_areas if table == "areas" else _write_rows
    for key in ("database", "table"):
        source.pop(key, None)
    source["path"] = write(frame, contract, folder)
    if table == "forecasts":
        raw.setdefault("forecast", {})["model"] = "table"


def _contract(contract: str | Raw, table: str, folder: Path, beside: Path) -> str:
    """Return the name of a contract, which lies in the folder unless it is one of the room."""
    if isinstance(contract, str):
        if not contract.endswith(".yaml"):
            return contract
        contract = read_yaml(beside.parent / contract)
    name = f"{table}.contract.yaml"
    (folder / name).write_text(json.dumps(contract, default=str), encoding="utf-8")
    return name


def _demand_frame(frame: Any, table: str) -> None:  # noqa: ANN401
    import pandas as pd  # noqa: PLC0415 - heavy

    if not isinstance(frame, pd.DataFrame):
        message = (
            f"The {table} are of type {type(frame).__name__}; expected a DataFrame"
            f"{' or a fitted estimator' if table == 'forecasts' else ''}."
        )
        raise InputError(message)


def _is_admitted(name: object, contract: "Contract") -> bool:
    from cas_audit.ingest.names import normalise  # noqa: PLC0415

    return normalise(str(name)) in {normalise(one.name) for one in contract.columns}


def _write_rows(frame: Any, contract: "Contract", folder: Path) -> str:  # noqa: ANN401
    """Write the admitted columns of a frame as Parquet, and the names of the others."""
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415

    _demand_frame(frame, contract.table)
    frame = _with_points(frame, contract)
    arrays = []
    for at, name in enumerate(frame.columns):
        if not _is_admitted(name, contract):
            arrays.append(pa.nulls(len(frame)))
            continue
        try:
            arrays.append(pa.array(frame.iloc[:, at], from_pandas=True))
        except (pa.ArrowException, TypeError, ValueError) as error:
            message = (
                f"The {contract.table} hold a column of the contract that is of no one type "
                f"({type(error).__name__}); expected text, numbers or moments."
            )
            raise InputError(message) from None
    path = folder / f"{contract.table}.parquet"
    pq.write_table(pa.Table.from_arrays(arrays, names=[str(name) for name in frame.columns]), path)
    return path.name


def _with_points(frame: Any, contract: "Contract") -> Any:  # noqa: ANN401
    """Return a frame without its outlines, and with their places where the contract asks."""
    geometry = getattr(frame, "_geometry_column_name", None)
    if geometry is None or geometry not in frame:
        return frame
    plain = frame.drop(columns=[geometry])
    x, y = contract.name_of("x"), contract.name_of("y")
    if x is None or {x, y} & {str(name) for name in plain.columns}:
        return plain
    _demand_known_crs(frame, contract.table)
    points = frame.geometry.representative_point().to_crs(contract.crs)
    return plain.assign(**{x: points.x.to_numpy(), str(y): points.y.to_numpy()})


def _write_areas(frame: Any, contract: "Contract", folder: Path) -> str:  # noqa: ANN401
    """Write the outlines and admitted columns of a GeoDataFrame as GeoJSON."""
    _demand_frame(frame, contract.table)
    _demand_known_crs(frame, contract.table)
    others = [
        name
        for name in frame.columns
        if name != frame.geometry.name and not _is_admitted(name, contract)
    ]
    try:
        text = frame.assign(**dict.fromkeys(map(str, others))).to_crs(4326).to_json(drop_id=True)
    except Exception as error:  # noqa: BLE001 - of any kind, and its text could quote the data
        message = f"The areas cannot be written as GeoJSON ({type(error).__name__})."
        raise InputError(message) from None
    path = folder / "areas.geojson"
    path.write_text(text, encoding="utf-8")
    return path.name


def _demand_known_crs(frame: Any, table: str) -> None:  # noqa: ANN401
    if getattr(frame, "crs", None) is None:
        message = f"The {table} have no outlines in a known CRS; expected a GeoDataFrame with one."
        raise InputError(message)
