"""The flags do not hang on the seed, on one week of data, or on how chance fell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.pairs import Pair, open_pairs
from cas_audit.inference.interval import Interval, above
from cas_audit.inference.replicates import plain_interval

LEVEL = 0.95
LOST = ("lost", "lost_counting")


@dataclass(frozen=True)
class Tried:
    """What one kind of trial left of the map of a theme; `beyond` is more than counting lost."""

    theme: str
    kind: str
    changed: float
    counting: float
    lot: float
    trials: int
    beyond: Interval | None = None

    def row(self) -> dict[str, object]:
        """Return the row of the table that the report shows."""
        found = self.beyond
        return {
            "theme": self.theme,
            "kind": f"change_{self.kind}",
            "changed": self.changed,
            "counting": self.counting,
            "lot": self.lot,
            "low": found and found.low,
            "high": found and found.high,
            "trials": self.trials,
        }


def stable_choice(
    dossier: Dossier,
    *,
    max_changed: float = 0.1,
    max_beyond_counting: float = 0.05,
    min_periods: float = 26,
) -> Finding:
    """Would about the same cells be flagged, had chance fallen otherwise?

    Why: a cell that is flagged by luck gets the same police as one that is flagged with reason,
    and whoever lives there cannot be told why.

    How: before sealing, the model was fitted again (trials) with another seed; with one period
    more to train on; and on the histories drawn again from the rates behind the record. Changed =
    the share of this map's flags that the other map lacks. By seed and by period it is a count, and
    must stay at or below `max_changed`. By history any map changes much, so it is held beside
    counting on the same histories: the difference must stay below `max_beyond_counting`, by
    Student's t over the histories (Monte Carlo error), one-sided at 5 %. A map by lot would lose
    nearly all. Where other grids were tried (for counting), the change by their origin stands
    beside it. Who bears the change stands in a table: of the flags where a group lives, the share
    that goes with another history, over that of its reference; shown, not judged. With fewer than
    `min_periods` periods or five histories nothing is met.

    Limits: histories are drawn from estimated rates, a little flatter than the city's own, so that
    change by history comes out large. Ties count as change. A stable map can be stably wrong.

    Remedy: fit on more weeks; take fewer features; average over several seeds; flag fewer cells.
    """
    trials = dossier.json("trials/stability.json")
    tried = [one for theme, parts in trials.items() for one in _kinds(theme, parts)]
    limits = {"seed": max_changed, "week": max_changed, "history": max_beyond_counting}
    holds = {one: _holds(one, limits[one.kind]) for one in tried}
    short = min(one["periods"] for parts in trials.values() for one in parts) < min_periods
    complete = all(
        {one.kind for one in tried if one.theme == theme} == {*limits} for theme in trials
    )
    outcome = Outcome.INSUFFICIENT
    if set(holds.values()) == {True} and complete and not short:
        outcome = Outcome.MET
    if False in holds.values():
        outcome = Outcome.NOT_MET
    wanted = {Outcome.MET: True, Outcome.NOT_MET: False}.get(outcome)
    candidates = [one for one, verdict in holds.items() if verdict is wanted] or tried
    worst = max(candidates, key=lambda one: one.changed)
    message = f"changes_with_{worst.kind}" if outcome is Outcome.NOT_MET else outcome.value
    found = worst.beyond
    return Finding(
        outcome=outcome,
        message=message,
        values=as_rows([worst.row()])[0],
        estimand=Estimand.THIS_PROCESS if found else Estimand.RECORD,
        estimate=found.estimate if found else worst.changed,
        interval=found and (found.low, found.high),
        level=found and LEVEL,
        n={"themes": len(trials), "trials": sum(one.trials for one in tried)},
        tables={
            "trials": as_rows([one.row() for one in tried] + _origins(dossier)),
            "groups": as_rows(_bearers(dossier)),
        },
    )


def _kinds(theme: str, parts: Sequence[dict[str, Any]]) -> list[Tried]:
    """Bring the trials of each kind together."""
    table = pd.DataFrame(parts)
    return [_kind(theme, str(kind), part) for kind, part in table.groupby("kind", sort=True)]


def _kind(theme: str, kind: str, part: pd.DataFrame) -> Tried:
    lost, counting = ((part[name] / part["flags"]).to_numpy(float) for name in LOST)
    beyond = _mean(lost - counting) if kind == "history" else None
    lot = float(part["lost_by_chance"].mean())
    return Tried(theme, kind, float(lost.mean()), float(counting.mean()), lot, len(part), beyond)


def _mean(values: NDArray[np.float64]) -> Interval | None:
    """Return the interval of a mean over histories; None with fewer than five."""
    return plain_interval(float(values.mean()), values / len(values) ** 0.5)


def _holds(one: Tried, limit: float) -> bool | None:
    if one.kind != "history":
        return one.changed <= limit
    beyond = one.beyond and above(one.beyond, limit)
    return None if beyond is None else not beyond


def _origins(dossier: Dossier) -> list[dict[str, object]]:
    """Return how much counting changes with the origin of a grid of merged cells, if tried."""
    name = "trials/sensitivity.json"
    if not dossier.has(name):
        return []
    return [
        {
            "theme": theme,
            "kind": "change_origin",
            "changed": None,
            "counting": float(np.mean([1 - one["overlap"] for one in grids])),
            "lot": 1 - grids[0]["overlap_by_chance"],
            "low": None,
            "high": None,
            "trials": len(grids),
        }
        for theme, parts in dossier.json(name).items()
        if (
            grids := [one for one in parts if one["trial"] == "grid" and one["overlap"] is not None]
        )
    ]


def _bearers(dossier: Dossier) -> list[dict[str, object]]:
    """Return for each group the share of its flags that another history takes, over others'."""
    if not dossier.has("data/residents.parquet"):
        return []
    table = dossier.table("trials/stability.parquet")
    table = table[table["kind"] == "history"]
    return [
        {"theme": theme, "group": pair.group, "reference": pair.reference, **_ratio(pair, part)}
        for pair in open_pairs(dossier).pairs
        for theme, part in table.groupby("theme")
    ]


def _ratio(pair: Pair, part: pd.DataFrame) -> dict[str, float | None]:
    weights = pair.weights.fillna(0.0).reindex(part["cell"]).fillna(0.0).to_numpy()
    sums = {
        name: pd.DataFrame(weights * part[[name]].to_numpy(), columns=pair.weights.columns)
        .groupby(part["refit"].to_numpy())
        .sum()
        for name in ("lost", "share")
    }
    rate = sums["lost"] / sums["share"].where(sums["share"] > 0)
    ratios = rate["group"] / rate["reference"].where(rate["reference"] > 0)
    logs = np.log(ratios.where(ratios > 0).to_numpy(float))
    found = _mean(logs)
    bounds = (None, None) if found is None else np.exp([found.low, found.high]).tolist()
    ratio = float(np.exp(logs.mean())) if len(logs) else None
    return {"ratio": ratio, "low": bounds[0], "high": bounds[1]}
