"""Residents of areas and of groups: figures that must be possible, spread over the cells."""

import pandas as pd

from cas_audit.errors import ContractError
from cas_audit.ingest.contract import Contract

__all__ = ["demand_once", "refuse_identifiers", "spread_residents"]

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


def demand_once(codes: "pd.Series[str]", shown: str) -> None:
    """Refuse areas that stand more than once.

    Raises:
        ContractError: naming how many do.
    """
    twice = int(codes[codes.duplicated()].nunique())
    if twice:
        message = (
            f"{shown}: {twice} areas stand more than once; expected one row for each, "
            f"with all of its outline and residents."
        )
        raise ContractError(message)


def spread_residents(areas: pd.DataFrame, contract: Contract, cells: pd.DataFrame) -> pd.DataFrame:
    """Spread the residents of an area evenly over its kept cells.

    Returns:
        Columns cell, residents and one per group, in persons. Residents are 0 where the area does
        not say, and everywhere if no residents are admitted; a group is missing where it is not
        known how many live there or are of the group.
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
    per_area = _settle(figures).set_axis(areas[contract.name_of("area")].astype(str))
    number = cells.groupby("area")["cell"].size().reindex(per_area.index)
    per_cell = per_area.div(number, axis=0)
    spread = per_cell.reindex(cells["area"]).reset_index(drop=True)
    spread.insert(0, "cell", cells["cell"].to_numpy())
    return spread


def _settle(figures: pd.DataFrame) -> pd.DataFrame:
    """Where nobody lives no group does; where nobody knows how many live, no group is known."""
    people = figures["residents"]
    groups = figures.drop(columns="residents").mask(people == 0, 0.0)
    groups = groups.where(people.notna(), axis=0)
    return pd.concat([people.fillna(0.0), groups], axis=1)
