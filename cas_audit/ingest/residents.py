"""Residents of areas and of groups: figures that must be possible, spread over the cells."""

import pandas as pd

from cas_audit.errors import ContractError
from cas_audit.ingest.contract import Contract

__all__ = ["refuse_identifiers", "spread_residents"]

PERCENT_SLACK = 0.001


def _demand_possible(figures: pd.DataFrame, contract: Contract) -> None:
    """Refuse figures below zero, and groups larger than the residents they are part of."""
    residents = figures["residents"]
    slack = residents * PERCENT_SLACK + 0.5  # percentages and counts are rounded by their source
    wrong = (figures < 0).any(axis=1) | (figures.sub(residents + slack, axis=0) > 0).any(axis=1)
    if wrong.any():
        message = (
            f"{contract.table}: {int(wrong.sum())} of {len(figures)} areas have a group below zero "
            f"or larger than their residents; expected each group within the residents."
        )
        raise ContractError(message)


def refuse_identifiers(scanned: dict[str, dict[str, int]], shown: str) -> None:
    """Refuse areas in which a code or figure looks like a direct identifier.

    Raises:
        ContractError: naming column and kind, never a value.
    """
    for column, kinds in scanned.items():
        for kind in kinds:
            message = (
                f"{shown}: column {column} holds values that look like {kind}; "
                f"expected codes and figures of areas."
            )
            raise ContractError(message)


def spread_residents(areas: pd.DataFrame, contract: Contract, cells: pd.DataFrame) -> pd.DataFrame:
    """Spread the residents of an area evenly over its kept cells.

    Returns:
        Columns cell, residents and one per group, in persons; 0 where the area has no figures,
        and everywhere if no residents are admitted.
    """
    if not contract.column("residents"):
        return pd.DataFrame({"cell": cells["cell"].to_numpy(), "residents": 0.0})
    residents = pd.to_numeric(areas[contract.name_of("residents")], errors="coerce")
    columns = {"residents": residents}
    for column in contract.groups:
        figure = pd.to_numeric(areas[column.name], errors="coerce")
        columns[str(column.group)] = figure if column.unit == "count" else residents * figure / 100
    figures = pd.DataFrame(columns)
    _demand_possible(figures, contract)
    complete = figures.notna().all(axis=1)  # half a figure would make people others than they are
    columns = {str(name): figures[name].where(complete, 0.0) for name in figures}
    code = areas[contract.name_of("area")].astype(str)
    per_area = pd.DataFrame(columns).groupby(code).sum()
    number = cells.groupby("area")["cell"].size().reindex(per_area.index)
    per_cell = per_area.div(number, axis=0)
    spread = per_cell.reindex(cells["area"]).fillna(0.0).reset_index(drop=True)
    spread.insert(0, "cell", cells["cell"].to_numpy())
    return spread
