"""Deployed for a year, the model does not drive its own flags."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.pairs import open_pairs
from cas_audit.inference.interval import Interval, above, critical_values, verdict
from cas_audit.inference.replicates import plain_interval

LEVEL = 0.95


@dataclass(frozen=True)
class Drift:
    """What deployment did to a figure of a theme: the mean over years drawn, and its interval.

    `group` is empty for the concentration of the map; else the figure is the log of an exposure
    ratio, and `before` and `after` are ratios.
    """

    theme: str
    group: str
    reference: str
    before: float
    after: float
    drift: Interval | None

    def row(self) -> dict[str, object]:
        """Return the row of the table that the report shows."""
        found = self.drift
        return {
            "theme": self.theme,
            "group": self.group or "concentration",
            "reference": self.reference,
            "never": self.before,
            "deployed": self.after,
            "drift": found and found.estimate,
            "low": found and found.low,
            "high": found and found.high,
        }


def the_loop_does_not_run_away(
    dossier: Dossier, *, max_concentration: float = 0.05, max_drift: float = 1.1
) -> Finding:
    """Does a year of sending police where the model says leave the map about as it would be?

    Why: police find most where they look. A model that learns of what they find sends them back,
    and proves itself right (Lum & Isaac 2016; Ensign and others 2018).

    How: before sealing, the audited model was deployed for a simulated year (a trial): a map every
    four weeks; incidents of the public drawn from the rates behind the record; and police in
    flagged cells who find a part of what nobody brings, which enters the record where the model
    learns of finds. The same model on the same draws, never deployed, is what it is held beside.
    Two figures of the last half-year are judged: concentration (the share of the flags in as many
    cells as one map flags, those flagged most) may grow by `max_concentration`, and the ratio of
    exposures of a group and its reference may change by a factor of `max_drift` either way. Their
    mean difference over the years drawn has an interval by Student's t (Monte Carlo error), paired
    by year, together for all figures (Bonferroni), judged one-sided at 5 %. With fewer than five
    years drawn nothing is decided. Beside it stands what three remedies do: discounting finds by
    the chance of a visit, capping attention, and exploring by lot.

    Limits: how much police find is an assumption (`find` in the trial), and what the public brings
    is taken not to follow police. The model is fitted once, at the start of the year; drift over
    more years, with a model that is fitted again, can be larger. Earlier drift is in the record.

    Remedy: train on what the public brings; else count a find only with the chance that nobody was
    sent there; cap attention, or flag a part by lot.
    """
    trial = dossier.json("trials/loop.json")
    table = dossier.table("trials/loop.parquet")
    parts = {theme: pd.DataFrame(rows) for theme, rows in trial["themes"].items()}
    named = dossier.json("data/groups.json")["groups"]
    pairs = open_pairs(dossier).pairs if named else []
    ratios = {
        (theme, pair.group, pair.reference): _ratios(table[table["theme"] == theme], pair.weights)
        for theme in parts
        for pair in pairs
    }
    figures = {(theme, "", ""): _concentration(rows) for theme, rows in parts.items()} | ratios
    drifts = [_drift(*key, figure, len(figures)) for key, figure in figures.items()]
    holds = {one: _holds(one, max_concentration, max_drift) for one in drifts}
    outcome = Outcome.MET if set(holds.values()) == {True} else Outcome.INSUFFICIENT
    if False in holds.values():
        outcome = Outcome.NOT_MET
    wanted = {Outcome.MET: True, Outcome.NOT_MET: False}.get(outcome)
    worst = max((one for one, holding in holds.items() if holding is wanted), key=_size)
    found = worst.drift
    message = outcome.value + ("_group" if worst.group else "")
    return Finding(
        outcome=outcome,
        message=message if found else "too_few",
        values=as_rows([{**worst.row(), "find": trial["find"]}])[0],
        estimand=Estimand.THIS_PROCESS,
        estimate=found and found.estimate,
        interval=found and (found.low, found.high),
        level=LEVEL,
        n={"comparisons": len(drifts), "trials": int(min(len(one) for one in parts.values()))},
        tables={
            "groups": as_rows([one.row() for one in drifts]),
            "remedies": as_rows(_remedies(parts, ratios)),
        },
    )


def _concentration(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the concentration, a row for each year drawn and a column for each way."""
    return rows.pivot_table(index="refit", columns="arm", values="in_most_flagged")


def _ratios(table: pd.DataFrame, weights: pd.DataFrame) -> pd.DataFrame:
    """Return the exposure ratio, a row for each year drawn and a column for each way."""
    share = table.pivot_table(index="cell", columns=["refit", "forecaster"], values="share")
    share = share.reindex(weights.index).fillna(0.0)
    people = weights.sum().where(lambda one: one > 0)
    reached = share.T @ weights.fillna(0.0) / people
    ratio = reached["group"] / reached["reference"].where(reached["reference"] > 0)
    long = ratio.where(ratio > 0).rename("ratio").reset_index()
    return long.pivot_table(index="refit", columns="forecaster", values="ratio", dropna=False)


def _drift(theme: str, group: str, reference: str, figure: pd.DataFrame, together: int) -> Drift:
    never, deployed = (figure[arm].to_numpy(float) for arm in ("never", "deployed"))
    change = np.log(deployed) - np.log(never) if group else deployed - never
    found = _mean(change, together)
    return Drift(theme, group, reference, float(never.mean()), float(deployed.mean()), found)


def _mean(values: NDArray[np.float64], together: int) -> Interval | None:
    """Return the interval of a mean over years drawn, so wide that so many hold together."""
    freedom = max(len(values) - 1.0, 1.0)
    critical = critical_values(freedom, level=1 - (1 - LEVEL) / together)
    return plain_interval(float(values.mean()), values / len(values) ** 0.5, critical)


def _holds(one: Drift, max_concentration: float, max_drift: float) -> bool | None:
    if one.drift is None:
        return None
    if one.group:
        return verdict(one.drift, -float(np.log(max_drift)), float(np.log(max_drift)))
    beyond = above(one.drift, max_concentration)
    return None if beyond is None else not beyond


def _size(one: Drift) -> float:
    return abs(one.drift.estimate) if one.drift else 0.0


def _remedies(
    parts: dict[str, pd.DataFrame], ratios: dict[tuple[str, str, str], pd.DataFrame]
) -> list[dict[str, Any]]:
    """Return for each way of deploying what it catches, how the map concentrates and on whom."""
    return [
        {
            "theme": theme,
            "arm": arm,
            "group": group,
            "concentration": float(part["in_most_flagged"].mean()),
            "hit_rate": float(part["hits"].sum() / part["brought"].sum()),
            "ratio": float(figure[arm].mean()) if figure is not None else None,
        }
        for theme, rows in parts.items()
        for arm, part in rows.groupby("arm")
        for group, figure in _of_theme(theme, ratios)
    ]


def _of_theme(
    theme: str, ratios: dict[tuple[str, str, str], pd.DataFrame]
) -> list[tuple[str, pd.DataFrame | None]]:
    found = [(group, one) for (name, group, _), one in ratios.items() if name == theme]
    return [*found] or [("", None)]
