"""The step `ingest`: sources in, the first part of a dossier out."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config, Source
from cas_audit.errors import ConfigError, ContractError, InputError
from cas_audit.files import digest, read_json, write_json
from cas_audit.ingest.contract import Contract, load_contract
from cas_audit.ingest.gate import Tally, admit_incidents, admit_suspects
from cas_audit.ingest.grid import Grid, build_grid, demand_crs, keep_cells
from cas_audit.ingest.receipt import Receipt, show_tally
from cas_audit.ingest.residents import refuse_identifiers, spread_residents
from cas_audit.ingest.sources import Offered, read_areas, read_table
from cas_audit.ingest.validation import validate
from cas_audit.rooms import room

__all__ = ["ingest"]


def ingest(config: Config, dossier: Path) -> None:
    """Read, refuse, coarsen and receipt every source of a configuration.

    Args:
        config: what is audited.
        dossier: folder to write `ingest/` and `data/` in.

    Raises:
        InputError: a source cannot be read.
        ContractError: a source does not fit its contract.
    """
    data = dossier / "data"
    data.mkdir(parents=True)
    areas_contract = _contract(config.sources.areas, "areas")
    path = Path(config.sources.areas.path)
    demand_crs(config.area.crs, "area")
    areas, offered = read_areas(path, areas_contract)
    refuse_identifiers(areas, areas_contract, str(path))
    code = str(areas_contract.name_of("area"))
    grid = build_grid(areas, config.area.crs, config.area.cell_size_m)
    cells = keep_cells(grid, areas, code)
    if cells.empty:
        message = f"{path}: no cell centre lies in an area; expected outlines in {grid.crs}."
        raise ContractError(message)
    residents = spread_residents(areas, areas_contract, cells)
    write_json(data / "grid.json", grid.plain())
    cells.to_parquet(data / "cells.parquet", index=False)
    residents.to_parquet(data / "residents.parquet", index=False)
    write_json(data / "groups.json", {"groups": _groups(config, areas_contract)})
    tally = Tally(len(areas))
    source = config.sources.areas
    _sign(config, dossier, source, areas_contract, offered=offered, tally=tally, admitted=residents)
    kept = cells["cell"].to_numpy()
    incidents, tally = _incidents(config, dossier, grid, kept)
    codes = areas[code].astype(str).to_list()
    per_area = residents["residents"].groupby(cells["area"].to_numpy()).sum()
    quality = _quality(incidents, tally, _weeks(incidents, config), per_area, codes)
    write_json(data / "quality.json", quality)
    if config.sources.suspects:
        _suspects(config, dossier, config.sources.suspects, grid, kept)
    write_json(dossier / "ingest" / "origin.json", {"origin": _origin(config)})


def _contract(source: Source, table: str) -> Contract:
    contract = load_contract(source.contract)
    if contract.table != table:
        message = f"{source.contract} is a contract for {contract.table}; expected {table}."
        raise ContractError(message)
    demand_crs(contract.crs, source.contract)
    return contract


def _incidents(
    config: Config,
    dossier: Path,
    grid: Grid,
    kept: NDArray[np.int64],
) -> tuple[pd.DataFrame, Tally]:
    source = config.sources.incidents
    contract = _contract(source, "incidents")
    with read_table(Path(source.path), contract) as (offered, batches):
        rows, tally = admit_incidents(batches, contract, config, grid, kept)
    if rows.empty:
        message = f"{source.path}: no row was admitted; expected incidents of {config.themes}."
        raise ContractError(message)
    counted = rows.groupby(["cell", "week", "theme", "channel"], as_index=False)[["count"]].sum()
    counted.to_parquet(dossier / "data/incidents.parquet", index=False)
    per_theme = {
        str(theme): {
            str(shift): int(n) for shift, n in part.groupby("shift")["count"].sum().items()
        }
        for theme, part in rows.groupby("theme")
    }
    write_json(dossier / "data/shifts.json", per_theme)
    weeks = pd.DataFrame({"week": _weeks(rows, config)})
    weeks.to_parquet(dossier / "data/weeks.parquet", index=False)
    _sign(config, dossier, source, contract, offered=offered, tally=tally, admitted=counted)
    return counted, tally


def _suspects(
    config: Config,
    dossier: Path,
    source: Source,
    grid: Grid,
    kept: NDArray[np.int64],
) -> None:
    contract = _contract(source, "suspects")
    with read_table(Path(source.path), contract) as (offered, batches):
        rows, tally = admit_suspects(batches, contract, config, grid, kept)
    rows.to_parquet(dossier / "data/suspects.parquet", index=False)
    _sign(config, dossier, source, contract, offered=offered, tally=tally, admitted=rows)


def _sign(
    config: Config,
    dossier: Path,
    source: Source,
    contract: Contract,
    *,
    offered: Offered,
    tally: Tally,
    admitted: pd.DataFrame,
) -> None:
    """Write receipt, contract and validation result of one table."""
    table = contract.table
    kept = dossier / f"ingest/{table}.contract.json"
    write_json(kept, contract)
    receipt = Receipt.model_validate(
        {
            "table": table,
            "file": Path(source.path).name,
            "sha256": digest(Path(source.path)),
            "contract_sha256": digest(kept),
            "suite_sha256": digest(room("expectations", f"{table}.suite.yaml")),
            "regime": config.regime,
            "reference_date": config.reference_date,
            "retention_years": config.retention_years,
            "admitted_columns": offered.admitted,
            "refused_columns": offered.refused,
            **show_tally(tally),
        }
    )
    write_json(dossier / f"ingest/{table}.receipt.json", receipt)
    write_json(dossier / f"ingest/{table}.validation.json", validate(admitted, table))


def _weeks(rows: pd.DataFrame, config: Config) -> pd.DatetimeIndex:
    """Every Monday from the first admitted week to the last full one before the reference."""
    reference = pd.Timestamp(config.reference_date)
    last = reference - pd.Timedelta(days=reference.day_of_week + 7)
    return pd.date_range(rows["week"].min(), last, freq="7D")


def _groups(config: Config, contract: Contract) -> list[dict[str, Any]]:
    labels = {str(column.group): column.label for column in contract.groups}
    groups = []
    for group in config.groups:
        for name in (group.name, group.reference):
            if name not in labels and (name == group.name or name != "others"):
                message = f"groups: unknown group {name}; expected one of {', '.join(labels)}."
                raise ConfigError(message)
        label, other = labels[group.name], labels.get(group.reference)
        groups.append(
            {
                "name": group.name,
                "reference": group.reference,
                "label": label.model_dump() if label else None,
                "reference_label": other.model_dump() if other else None,
            }
        )
    return groups


def _quality(
    incidents: pd.DataFrame,
    tally: Tally,
    weeks: pd.DatetimeIndex,
    per_area: "pd.Series[float]",
    offered: list[str],
) -> dict[str, Any]:
    without_cells = len(set(offered) - set(per_area.index))
    return {
        "incidents": {
            "offered": tally.offered,
            "admitted": tally.admitted,
            "left_out": tally.left_out,
            "refused": tally.refused,
        },
        "weeks": len(weeks),
        "weeks_without_incidents": len(weeks.difference(pd.DatetimeIndex(incidents["week"]))),
        "areas": len(per_area) + without_cells,
        "areas_without_residents": int((per_area == 0).sum()),
        "areas_without_cells": without_cells,
        "oldest_week": f"{weeks[0]:%Y-%m-%d}",
    }


def _origin(config: Config) -> str:
    """Call the data synthetic only if a feed record beside them lists each by its digest."""
    named = (getattr(config.sources, name) for name in ("incidents", "areas", "suspects"))
    paths = [Path(source.path) for source in named if source]
    for path in paths:
        record = path.parent / "feed.json"
        if not record.is_file():
            return "observed"
        said = read_json(record)
        if not isinstance(said, dict) or said.get("origin") != "synthetic":
            return "observed"
        if said.get("files", {}).get(path.name) != digest(path):
            message = f"{path} is not the file that {record} names; expected an unchanged feed."
            raise InputError(message)
    return "synthetic"
