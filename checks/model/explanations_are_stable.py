"""Why a cell is flagged does not hang on the seed, on one week of data, or on how chance fell."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.errors import Unavailable
from cas_audit.inference.interval import Interval, above
from cas_audit.inference.replicates import plain_interval

LEVEL = 0.95
MARGIN = 0.1  # on the scale of logarithms: a tenth of the score
KINDS = {"seed", "week", "history"}
MODEL = ("model", 0)


@dataclass(frozen=True)
class Tried:
    """How often the main reason of a flag is another one by one kind of trial."""

    theme: str
    kind: str
    changed: float
    trials: int
    over_histories: Interval | None

    def holds(self, limits: dict[str, float]) -> bool | None:
        """Say whether it stays within its limit; None where it cannot be decided."""
        if self.kind != "history":
            return self.changed <= limits[self.kind]
        over = self.over_histories and above(self.over_histories, limits[self.kind])
        return None if over is None else not over

    def row(self) -> dict[str, object]:
        """Return the row of the table that the report shows."""
        found = self.over_histories
        return {
            "theme": self.theme,
            "kind": f"change_{self.kind}",
            "changed": self.changed,
            "low": found and found.low,
            "high": found and found.high,
            "trials": self.trials,
        }


def explanations_are_stable(
    dossier: Dossier,
    *,
    max_changed: float = 0.1,
    max_changed_by_history: float = 0.2,
    min_cells: float = 20,
) -> Finding:
    """Would the same reason be given for a flag, had chance fallen otherwise?

    Why: whoever asks why their street is on the map is owed a reason; one that changes with the
    seed of the model is no reason.

    How: before sealing (a trial), the score of each flagged cell in four periods was taken apart:
    what a part of the features adds is how far the log of the score (log odds, where it is a
    chance) falls when the part is set to its mean over all cells (single-baseline ablation:
    Sundararajan & Najmi 2020). Parts are the cell itself, near cells, farther ones, other themes,
    and each other source. The same cells were then explained by models fitted with another seed,
    with one period more, and on histories drawn again. The main reason of a cell is the part that
    adds most; it has changed where another part now adds more than that part does by a tenth of the
    score or more. The share of cells in which it has changed must stay at or below `max_changed` by
    seed and by period, a count; and by history below `max_changed_by_history`, by Student's t over
    histories (Monte Carlo error), one-sided at 5 %. With fewer than `min_cells` flagged cells or
    five histories nothing is met. A table shows what each part adds, its spread over all trials,
    and of how many cells it is the main reason.

    Limits: parts that say the same share their merit by how the model happens to divide it; the
    check on assumptions says how far they do. What a part adds is what the model does with it, not
    what it does in the world. A stable reason can be a wrong one.

    Remedy: take fewer features that say the same; average over several seeds; fit on more weeks.
    """
    if dossier.json("model/parameters.json")["model"] == "counting":
        return Finding(
            outcome=Outcome.NOT_APPLICABLE,
            message="not_applicable_is_counting",
            estimand=Estimand.RECORD,
        )
    table = dossier.table("trials/explanations.parquet")
    explained = {theme: _lay_out(table, theme) for theme in dossier.manifest.themes}
    tried = [one for theme, each in explained.items() for one in _try(theme, each)]
    limits = {"seed": max_changed, "week": max_changed, "history": max_changed_by_history}
    holds = {one: one.holds(limits) for one in tried}
    few = min(len(each[MODEL]) for each in explained.values()) < min_cells
    complete = len(tried) == len(KINDS) * len(dossier.manifest.themes)
    outcome = Outcome.INSUFFICIENT
    if set(holds.values()) == {True} and complete and not few:
        outcome = Outcome.MET
    if False in holds.values() and not few:
        outcome = Outcome.NOT_MET
    wanted = {Outcome.MET: True, Outcome.NOT_MET: False}.get(outcome)
    candidates = [one for one, verdict in holds.items() if verdict is wanted] or tried
    worst = max(candidates, key=lambda one: one.changed / limits[one.kind])
    found = worst.over_histories
    return Finding(
        outcome=outcome,
        message="too_few" if few else outcome.value,
        values=as_rows([{**worst.row(), "limit": limits[worst.kind]}])[0],
        estimand=Estimand.THIS_PROCESS if found else Estimand.RECORD,
        estimate=worst.changed,
        interval=found and (found.low, found.high),
        level=found and LEVEL,
        n={"themes": len(dossier.manifest.themes), "trials": sum(one.trials for one in tried)},
        tables={
            "trials": as_rows([one.row() for one in tried]),
            "parts": as_rows([r for theme, each in explained.items() for r in _parts(theme, each)]),
        },
    )


def _lay_out(table: pd.DataFrame, theme: str) -> dict[tuple[str, int], pd.DataFrame]:
    """Return what each part adds by the model and by each trial: a row a cell, a column a part.

    Raises:
        Unavailable: nothing of the theme was explained.
    """
    part = table[table["theme"] == theme]
    found = {
        (str(kind), int(str(refit))): one.pivot_table(
            index="cell", columns="part", values="contribution"
        ).sort_index(axis=1)
        for (kind, refit), one in part.groupby(["kind", "refit"], sort=True)
    }
    if MODEL not in found:
        message = f"The dossier explains no flag of {theme}."
        raise Unavailable(message)
    return found


def _try(theme: str, each: dict[tuple[str, int], pd.DataFrame]) -> list[Tried]:
    """Return for each kind of trial in how many cells the main reason is another one."""
    base = each[MODEL]
    found = []
    for kind in sorted({kind for kind, _ in each} & KINDS):
        trials = [one for (of, _), one in each.items() if of == kind]
        changed = np.array([_changed(base, one) for one in trials])
        mean = float(changed.mean())
        spread = changed / len(changed) ** 0.5
        over = plain_interval(mean, spread) if kind == "history" else None
        found.append(Tried(theme, kind, mean, len(trials), over))
    return found


def _changed(base: pd.DataFrame, trial: pd.DataFrame) -> float:
    """Return the share of cells in which another part adds clearly more than the former main."""
    adds = trial.reindex(index=base.index, columns=base.columns).to_numpy(dtype=float)
    former = adds[np.arange(len(base)), base.to_numpy(dtype=float).argmax(axis=1)]
    return float((adds.max(axis=1) > former + MARGIN).mean())


def _parts(theme: str, each: dict[tuple[str, int], pd.DataFrame]) -> list[dict[str, object]]:
    """Return what each part adds, how far that varies over trials, and how often it is the main."""
    base = each[MODEL]
    every = np.stack(
        [one.reindex(index=base.index, columns=base.columns).to_numpy() for one in each.values()]
    )
    main = base.to_numpy(dtype=float).argmax(axis=1)
    return [
        {
            "theme": theme,
            "part": f"part_{part}",
            "adds": float(base[part].mean()),
            "spread": float(every[:, :, at].std(axis=0).mean()),
            "main": float((main == at).mean()),
        }
        for at, part in enumerate(base)
    ]
