"""The step `ingest`: sources in, the first part of a dossier out."""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cas_audit.config import SMALLEST_COUNT, Config, Group, Source, Sources, Text
from cas_audit.errors import ConfigError, ContractError, InputError
from cas_audit.files import digest, read_json, write_json
from cas_audit.ingest.contract import STAY, Contract, load_contract
from cas_audit.ingest.grid import Grid, build_grid, demand_crs, keep_cells
from cas_audit.ingest.known import know
from cas_audit.ingest.moments import protect_moments
from cas_audit.ingest.protect import gather, show_areas, show_scanned, show_tally, show_young
from cas_audit.ingest.question import Ground, ask
from cas_audit.ingest.receipt import Receipt
from cas_audit.ingest.residents import demand_once, refuse_identifiers, spread_residents
from cas_audit.ingest.retention import years_allowed
from cas_audit.ingest.scan import kinds_for
from cas_audit.ingest.sieve import Tally
from cas_audit.ingest.sources import Asked, Offered, Read, read_areas, read_tables
from cas_audit.ingest.validation import validate
from cas_audit.rooms import room

__all__ = ["ingest"]

SWAPPED_SHARE = 0.5
LARGE = {"incidents", "forecasts"}  # may take as much memory as there is


class _Desk(NamedTuple):
    """What every table that comes in needs: whose audit it is, and where its papers go."""

    config: Config
    dossier: Path
    ground: Ground
    few: set[int]  # areas that receipts count together


def ingest(config: Config, dossier: Path) -> None:
    """Read, refuse, coarsen and receipt every source of a configuration.

    Args:
        config: what is audited.
        dossier: folder to write `ingest/` and `data/` in.

    Raises:
        InputError: a source cannot be read.
        ContractError: a source does not fit its contract.
    """
    (dossier / "data").mkdir(parents=True)
    named = {name: getattr(config.sources, name) for name in Sources.model_fields}
    contracts = {name: _contract(source, name) for name, source in named.items() if source}
    desk = _areas(config, dossier, contracts.pop("areas"))
    asked = [
        Asked(source, contracts[name], ask(config, contracts[name]))
        for name, source in named.items()
        if name in contracts
    ]
    _let_in(desk, asked)
    write_json(dossier / "ingest" / "origin.json", {"origin": _origin(config)})


def _contract(source: Source, table: str) -> Contract:
    contract = load_contract(source.contract)
    if contract.table != table:
        message = f"{source.contract} is a contract for {contract.table}; expected {table}."
        raise ContractError(message)
    demand_crs(contract.crs, source.contract)
    return contract


def _areas(config: Config, dossier: Path, contract: Contract) -> _Desk:
    """Let areas and residents in, and lay the grid."""
    source = config.sources.areas
    demand_crs(config.area.crs, "area")
    areas, offered = read_areas(source, contract)
    refuse_identifiers(offered.scanned, source.shown)
    code = str(contract.name_of("area"))
    areas[code] = areas[code].astype(str)
    demand_once(areas[code], source.shown)
    grid = build_grid(areas, config.area.crs, config.area.cell_size_m, source.shown)
    cells = keep_cells(grid, areas, code, source.shown)
    if cells.empty:
        message = (
            f"{source.shown}: no cell centre lies in an area; expected outlines in {grid.crs}."
        )
        raise ContractError(message)
    residents = spread_residents(areas, contract, cells)
    data = dossier / "data"
    write_json(data / "grid.json", grid.plain())
    cells.to_parquet(data / "cells.parquet", index=False)
    residents.to_parquet(data / "residents.parquet", index=False)
    write_json(data / "groups.json", {"groups": _groups(config, contract)})
    write_json(dossier / "ingest/labels.json", _labels(areas, contract))
    ground = _ground(grid, cells, areas[code].to_list())
    per_area = _per_area(residents, cells, ground)
    write_json(data / "areas.json", _peopled(per_area))
    smallest = config.publication.smallest_population
    few = gather(per_area["residents"].fillna(0).to_list(), smallest)
    desk = _Desk(config, dossier, ground, few)
    _sign(desk, source, contract, Read(residents, None, Tally(len(areas)), offered))
    return desk


def _peopled(per_area: pd.DataFrame) -> dict[str, int]:
    """Count the areas that no check of groups sees; an area smaller than a cell can have none."""
    people, dark = per_area["residents"], per_area["dark"].eq(True)
    return {
        "areas": len(per_area),
        "areas_without_residents": int((people == 0).sum()),
        "areas_without_figures": int((dark & (people > 0)).sum()),
        "areas_without_cells": int(people.isna().sum()),
    }


def _per_area(residents: pd.DataFrame, cells: pd.DataFrame, ground: Ground) -> pd.DataFrame:
    """Return per area its residents, and whether those of a group are unknown; by code."""
    dark = residents.drop(columns=["cell", "residents"]).isna().any(axis=1)
    table = pd.DataFrame({"residents": residents["residents"], "dark": dark})
    per_area = table.groupby(cells["area"].to_numpy()).agg({"residents": "sum", "dark": "any"})
    return per_area.reindex(ground.codes)


def _labels(areas: pd.DataFrame, contract: Contract) -> dict[str, str]:
    """Return how each area is called, as far as the contract admits that."""
    label = contract.name_of("label")
    if label is None:
        return {}
    named = areas.dropna(subset=[label]).drop_duplicates(str(contract.name_of("area")))
    return dict(zip(named[contract.name_of("area")], named[label].astype(str), strict=True))


def _ground(grid: Grid, cells: pd.DataFrame, codes: list[str]) -> Ground:
    unique = sorted(set(codes))
    area = np.full(grid.rows * grid.columns, -1, dtype=np.int32)
    area[cells["cell"]] = pd.Index(unique).get_indexer(pd.Index(cells["area"]))
    return Ground(grid, area, unique)


def _let_in(desk: _Desk, asked: list[Asked]) -> None:
    """Read each large table in a child of its own, and the small ones together in one."""
    small = [one for one in asked if one.contract.table not in LARGE]
    large = [[one] for one in asked if one.contract.table in LARGE]
    for part in [*large, *([small] if small else [])]:
        for one, read in zip(part, read_tables(part, desk.ground), strict=True):
            _limit(read.tally, desk.config, one.source)
            let_in = _incidents if one.contract.table == "incidents" else _counts
            let_in(desk, one, read)


def _incidents(desk: _Desk, asked: Asked, read: Read) -> None:
    config, data, source = desk.config, desk.dossier / "data", asked.source
    rows = read.table
    if rows.empty:
        message = f"{source.shown}: no row was admitted; expected incidents of {config.themes}."
        raise ContractError(message)
    counted = rows.groupby(["cell", "week", "theme", "channel"], as_index=False, observed=True)[
        ["count"]
    ].sum()
    counted = counted.astype({"theme": str, "channel": str})
    counted.to_parquet(data / "incidents.parquet", index=False)
    write_json(data / "shifts.json", _shifts(rows))
    weeks = _weeks(rows, config)
    pd.DataFrame({"week": weeks}).to_parquet(data / "weeks.parquet", index=False)
    if read.quality is not None:
        read.quality.to_parquet(data / "quality.parquet", index=False)
    _moments(desk, read, data)
    write_json(data / "quality.json", _quality(counted, read.tally, weeks))
    _sign(desk, source, asked.contract, read._replace(table=counted))


def _moments(desk: _Desk, read: Read, data: Path) -> None:
    """Write on which weekday and in which shift, as far as that singles out nobody."""
    if read.moments is None or read.moments.empty:
        return
    few = {desk.ground.codes[at] for at in desk.few}
    kept = protect_moments(read.moments, few, desk.config.forecast.seed)
    if not kept.empty:
        kept.to_parquet(data / "moments.parquet", index=False)


def _shifts(rows: pd.DataFrame) -> dict[str, dict[str, int]]:
    return {
        str(theme): {
            str(shift): int(n) for shift, n in part.groupby("shift")["count"].sum().items()
        }
        for theme, part in rows.groupby("theme", observed=True)
    }


def _counts(desk: _Desk, asked: Asked, read: Read) -> None:
    source, contract, _ = asked
    if contract.table == "forecasts":
        _demand_forecasts(read.table, desk.config, source)
    read.table.to_parquet(desk.dossier / f"data/{contract.table}.parquet", index=False)
    _sign(desk, source, contract, read)


def _demand_forecasts(table: pd.DataFrame, config: Config, source: Source) -> None:
    if table.empty:
        message = f"{source.shown}: no row was admitted; expected forecasts of {config.themes}."
        raise ContractError(message)
    if "theme" not in table and len(config.themes) > 1:
        message = (
            f"{source.shown}: the contract for forecasts has no theme, and the configuration has "
            f"{len(config.themes)}; expected a theme for each forecast."
        )
        raise ContractError(message)


def _limit(tally: Tally, config: Config, source: Source) -> None:
    """Refuse a source of which too many rows are wrong; what is merely too old is not wrong."""
    share = tally.defects / tally.offered
    if share <= config.max_refused_share:
        return
    rule = max(tally.refused, key=tally.refused.__getitem__)
    swapped = tally.swapped > SWAPPED_SHARE * tally.refused.get("outside_the_areas", 0)
    hint = " The axes seem to be swapped: exchanged, most points fit." if swapped else ""
    few = tally.defects < SMALLEST_COUNT  # a log is public in kind: the share would tell how many
    found = f"fewer than {SMALLEST_COUNT}" if few else f"{share:.1%}"
    message = (
        f"{source.shown}: {found} of {tally.offered} rows refused, most for {rule}; "
        f"expected at most {config.max_refused_share:.1%} (max_refused_share).{hint}"
    )
    raise ContractError(message)


def _sign(desk: _Desk, source: Source, contract: Contract, read: Read) -> None:
    """Write receipt, contract, suite and validation result of one table."""
    config, table, offered = desk.config, contract.table, read.offered
    kept = desk.dossier / f"ingest/{table}.contract.json"
    write_json(kept, contract)
    suite = desk.dossier / f"ingest/{table}.suite.yaml"
    shutil.copyfile(room("expectations", suite.name), suite)
    receipt = Receipt.model_validate(
        {
            "table": table,
            "source": Path(source.path).name if source.path else source.table,
            "sha256": offered.content or digest(Path(str(source.path))),
            "contract_sha256": digest(kept),
            "suite_sha256": digest(suite),
            "regime": config.regime,
            "reference_date": config.reference_date,
            "retention_years": years_allowed(config, contract),
            "comparison": config.comparison if config.regime == "wpg_8" else None,
            "admitted_columns": offered.admitted,
            "refused_columns": offered.refused,
            "withheld_names": offered.withheld_names,
            "resembling": offered.resembling,
            "up_to_a_year": show_young(read.tally) if contract.table == "incidents" else None,
            "searched": kinds_for(one.type for one in contract.columns),
            "compared": [one.name for one in contract.columns if one.role in STAY],
            "scanned": _scanned(offered),
            **show_areas(read.tally, desk.ground.codes, desk.few),
            **show_tally(read.tally),
        }
    )
    write_json(desk.dossier / f"ingest/{table}.receipt.json", receipt)
    known = know(config, source, contract, desk.ground, read)
    write_json(desk.dossier / f"ingest/{table}.validation.json", validate(read.table, table, known))


def _scanned(offered: Offered) -> dict[str, dict[str, Any]]:
    return {
        column: {kind: show_scanned(rows) for kind, rows in kinds.items()}
        for column, kinds in offered.scanned.items()
    }


def _weeks(rows: pd.DataFrame, config: Config) -> pd.DatetimeIndex:
    """Every Monday from the first admitted week to the last full one before the reference."""
    reference = pd.Timestamp(config.reference_date)
    last = reference - pd.Timedelta(days=reference.day_of_week + 7)
    return pd.date_range(rows["week"].min(), last, freq="7D")


def _groups(config: Config, contract: Contract) -> list[dict[str, Any]]:
    labels = {str(column.group): column.label for column in contract.groups}
    groups = []
    for group in config.groups:
        for name in group.columns:
            if name not in labels:
                message = f"groups: unknown group {name}; expected one of {', '.join(labels)}."
                raise ConfigError(message)
        groups.append(_fifths(group, labels) if group.as_ == "fifths" else _named(group, labels))
    return groups


def _named(group: Group, labels: dict[str, Text | None]) -> dict[str, Any]:
    label, other = labels[group.name], labels.get(group.reference)
    return {
        "name": group.name,
        "reference": group.reference,
        "label": label.model_dump() if label else None,
        "reference_label": other.model_dump() if other else None,
    }


def _fifths(group: Group, labels: dict[str, Text | None]) -> dict[str, Any]:
    """Name the fifths of the areas; which those are is for whoever reads the figures."""
    label, lowest = labels[group.name], group.reference == "lowest"
    said = label.model_dump() if label else None
    return {
        "name": f"{group.name}_highest_fifth",
        "reference": f"{group.name}_lowest_fifth" if lowest else "others",
        "label": said,
        "reference_label": said if lowest else None,
        "fifths_of": group.name,
    }


def _quality(incidents: pd.DataFrame, tally: Tally, weeks: pd.DatetimeIndex) -> dict[str, Any]:
    return {
        "incidents": {
            "offered": tally.offered,
            "admitted": tally.admitted,
            "left_out": tally.left_out,
            "refused": tally.refused,
        },
        "weeks": len(weeks),
        "weeks_without_incidents": len(weeks.difference(pd.DatetimeIndex(incidents["week"]))),
        "oldest_week": f"{weeks[0]:%Y-%m-%d}",
    }


def _origin(config: Config) -> str:
    """Call the data synthetic only if a feed record beside them lists each by its digest."""
    sources = (getattr(config.sources, name) for name in Sources.model_fields)
    for source in (source for source in sources if source):
        path = Path(source.path or "")
        record = path.parent / "feed.json"
        if not source.path or not record.is_file():
            return "observed"
        said = read_json(record)
        if not isinstance(said, dict) or said.get("origin") != "synthetic":
            return "observed"
        if said.get("files", {}).get(path.name) != digest(path):
            message = f"{path} is not the file that {record} names; expected an unchanged feed."
            raise InputError(message)
    return "synthetic"
