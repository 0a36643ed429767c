"""Wherever a group lives the model catches about as much as counting past incidents, or more."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cas_audit.audit.attainment import hidden_themes, judge_lowest
from cas_audit.audit.comparison import effective_events
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.outcomes import count_by_period, on_record
from cas_audit.audit.pairs import Pairs, open_pairs
from cas_audit.audit.units import Units, open_units
from cas_audit.errors import Unavailable
from cas_audit.inference.scores import Scores, within

KEYS = ["cell", "period", "theme"]


@dataclass(frozen=True)
class Gain:
    """The gain over counting where a group lives, and as many equal incidents it rests on."""

    scores: Scores
    events: float


def no_worse_in_any_group(
    dossier: Dossier, *, max_loss: float = 0.02, min_events: float = 20, max_unseen: float = 0.1
) -> Finding:
    """Does the model catch about as many incidents as counting does, wherever a group lives?

    Why: a model that gains on the whole can lose where some live; they then get less of the
    protection that it promises than a plain count would give them.

    How: as `no_worse_than_counting`, with each incident weighted by the share of a group among the
    residents of its cell: hit rate of the model less that of counting incidents over 52 weeks in
    the same share of cells, paired. Incidents that the public brought are used where the channel is
    known. The interval is about outcomes given the flags: what differs by chance is what happened
    in the same part of the city in other stretches of weeks; by score inversion (Fieller), for all
    groups, those they are compared with, and themes at once (max-t). It holds when the model loses
    less than `max_loss` everywhere, judged one-sided. With fewer incidents than `min_events`,
    counted as equal ones (Kish 1965), nothing is decided. Incidents where no group is known count
    nowhere; when that are more than `max_unseen` of them, nothing is met.

    Limits: recorded incidents are not crime: where a group reports less, a gain there is not seen.
    Who lives where it happened is not who it happened to.

    Remedy: use the count, or fit on more that tells of the places where it loses.
    """
    if dossier.json("model/parameters.json")["model"] == "counting":
        return Finding(
            outcome=Outcome.NOT_APPLICABLE,
            message="not_applicable_is_counting",
            estimand=Estimand.OUTCOMES,
        )
    groups, units = open_pairs(dossier), on_record(dossier, open_units(dossier))
    if not groups.pairs:
        message = "The dossier names no group of residents."
        raise Unavailable(message)
    caught = _caught(dossier, units)
    people, named = _people(groups, dossier.manifest.themes)
    gains = {
        key: _gain(caught[caught["theme"] == one["theme"]], people[key], units)
        for key, one in named.items()
    }
    found = judge_lowest(
        {key: one.scores for key, one in gains.items()},
        -max_loss,
        enough=[key for key, one in gains.items() if one.events >= min_events],
        hidden=_hidden(dossier, named),
        named=named,
    )
    unseen = groups.unseen(caught["cell"], caught["count"])
    update: dict[str, Any] = {
        "n": {"comparisons": len(gains), **unseen.counted()},
        "values": {**found.values, **as_rows([unseen.shown()])[0]},  # noqa: PD011 - no pandas
    }
    if found.outcome is Outcome.MET and unseen.share > max_unseen:
        update |= {"outcome": Outcome.INSUFFICIENT, "message": "unseen"}
    return found.model_copy(update=update)


def _caught(dossier: Dossier, units: Units) -> pd.DataFrame:
    """Return what was recorded by cell, theme and period, and whether both flagged it."""
    periods = pd.DatetimeIndex(units.stretch.index)
    counted = count_by_period(dossier, periods, dossier.manifest.judged_on)
    counted = counted[counted["cell"].isin(units.wide.index)]
    flags = dossier.table("forecasts.parquet").query("flagged")[KEYS]
    for name, rows in (("model", flags), ("counting", dossier.table("model/counting.parquet"))):
        counted = counted.merge(rows[KEYS].assign(**{name: 1.0}), on=KEYS, how="left")
    counted = counted.fillna({"model": 0.0, "counting": 0.0})
    return counted.assign(unit=units.of(counted["cell"], counted["period"]))


def _people(
    groups: Pairs, themes: list[str]
) -> tuple[dict[str, "pd.Series[float]"], dict[str, dict[str, str]]]:
    """Return the share of a cell's residents, and what it is about, of each theme and group.

    A group that others are compared with stands there once; everyone else, once for each group.
    """
    shares: dict[str, pd.Series[float]] = {}
    named: dict[str, dict[str, str]] = {}
    for theme in themes:
        for pair in groups.pairs:
            share = groups.shares(pair)
            for side, name in (("group", pair.group), ("reference", pair.reference)):
                beside = pair.reference if side == "group" else pair.group
                key = f"{theme}/{name}" + (f"/{beside}" if name == "others" else "")
                shares[key] = share[side]
                named.setdefault(key, {"theme": theme, "group": name, "reference": beside})
    return shares, named


def _gain(rows: pd.DataFrame, share: "pd.Series[float]", units: Units) -> Gain:
    lives = np.asarray(share.reindex(rows["cell"]).fillna(0.0), dtype=float)
    count, unit = np.asarray(rows["count"], dtype=float), rows["unit"].to_numpy()
    gained = (rows["model"] - rows["counting"]).to_numpy(float)
    scores = within(
        units.sums(unit, lives * count * gained), units.sums(unit, lives * count), units.block
    )
    return Gain(scores, effective_events(lives, count))


def _hidden(dossier: Dossier, named: Mapping[str, Mapping[str, str]]) -> list[str]:
    hidden = hidden_themes(dossier.table("model/weekly.parquet"))
    return [key for key, one in named.items() if one["theme"] in hidden]
