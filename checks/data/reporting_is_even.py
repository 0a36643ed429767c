"""Of what happened, the public brought about as much to the police wherever a group lives."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.audit.comparison import Measured, compare, effective_events, summarise
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome
from cas_audit.audit.need import asked_in_survey
from cas_audit.audit.pairs import open_pairs
from cas_audit.audit.record import cautious, rounded
from cas_audit.audit.units import Units, open_half_years
from cas_audit.inference.scores import beside, ratio_of_rates

Values = NDArray[np.float64]
SURVEY = "data/survey.parquet"


def reporting_is_even(
    dossier: Dossier,
    *,
    tolerance_low: float = 0.8,
    tolerance_high: float = 1.25,
    min_events: float = 20,
    min_asked: float = 100,
    max_unseen: float = 0.1,
) -> Finding:
    """Of what a victim survey says happened, is about as much recorded wherever a group lives?

    Why: differing reporting alone moves hot spots from where most happens to where most is told
    (Akpinar, De-Arteaga & Chouldechova 2021), and the record itself cannot show it.

    How: what happened in an area = records the public brought times (n + 1) / (r + 1), for r of n
    victims in the survey who told the police (Chapman 1951). Reporting of a group = records over
    what happened, each weighted by the group's share of the cell's residents. The ratio to the
    reference gets an interval by score inversion (Fieller), for all groups and themes at once
    (max-t). In it are the chance of the sample in each area, and of what was recorded in the same
    part of the city in other half-years. Judged by two one-sided tests. With fewer records than
    `min_events` or fewer victims asked than `min_asked`, counted as equal ones, nothing is decided;
    nor when more than `max_unseen` of the records lie where nobody was asked, or where the figures
    of a group are lacking.

    Limits: a survey too is an account: who answers, and what they call a crime, can differ between
    groups. It is taken as a plain sample within each area, about the same years as the record.
    Crimes without a victim who can be asked, such as drugs, are in no survey. The victim is taken
    to be a resident of the cell. Where hardly anyone who was asked told, what happened is put too
    low, and a large gap is found too small.

    Remedy: weigh what is recorded by one over the share that is told; make it easier to report
    where that share is low; leave out themes that no survey reaches.
    """
    if not dossier.has(SURVEY):
        return Finding(
            outcome=Outcome.UNAVAILABLE, message="no_survey", estimand=Estimand.THIS_PROCESS
        )
    if dossier.manifest.channels == ["found"]:
        return Finding(
            outcome=Outcome.NOT_APPLICABLE,
            message="not_applicable_no_brought_records",
            estimand=Estimand.THIS_PROCESS,
        )
    groups, units = open_pairs(dossier), open_half_years(dossier)
    record = _record(dossier, units)
    asked = asked_in_survey(dossier)
    measured = [
        _measure(
            Measured(theme, pair.group, pair.reference),
            _join(record, asked, theme, dossier.manifest.themes),
            units,
            groups.shares(pair),
            (min_events, min_asked),
        )
        for theme in dossier.manifest.themes
        for pair in groups.pairs
    ]
    compared = compare(measured, (tolerance_low, tolerance_high))
    unseen = groups.unseen(record["cell"], record["count"])
    found = summarise(compared, Estimand.THIS_PROCESS, unseen, max_unseen)
    return _weigh(found, _unasked(record, asked), max_unseen)


@dataclass(frozen=True)
class _Joined:
    """Records of a theme with the survey of their area; `place` numbers areas and themes."""

    rows: pd.DataFrame
    places: int


def _record(dossier: Dossier, units: Units) -> pd.DataFrame:
    """Return what the public brought, with its area and unit; where that is unknown, all."""
    incidents = dossier.table("data/incidents.parquet")
    brought = incidents[incidents["channel"] != "found"]
    table = brought.merge(dossier.table("data/cells.parquet")[["cell", "area"]])
    table["unit"] = units.of(table["cell"], table["week"])
    return table


def _join(record: pd.DataFrame, asked: pd.DataFrame, theme: str, themes: list[str]) -> _Joined:
    areas = pd.Index(sorted(asked["area"].unique()))
    rows = record[record["theme"] == theme].merge(asked, on=["area", "theme"])
    rows["place"] = themes.index(theme) * len(areas) + areas.get_indexer(rows["area"])
    return _Joined(rows, len(themes) * len(areas))


def _measure(
    named: Measured, joined: _Joined, units: Units, share: pd.DataFrame, least: tuple[float, float]
) -> Measured:
    rows = joined.rows
    unit, count = rows["unit"].to_numpy(), rows["count"].to_numpy(float)
    lives = share.reindex(rows["cell"]).fillna(0.0)
    sums: dict[tuple[str, str], Values] = {}
    unsure: dict[str, Values] = {}
    fewest = []
    for name in ("group", "reference"):
        weight = lives[name].to_numpy(float)
        part = weight * count
        sums["told", name] = units.sums(unit, part)
        sums["happened", name] = units.sums(unit, part * rows["number"].to_numpy())
        error = part * rows["error"].to_numpy()
        unsure[name] = np.bincount(rows["place"], error, joined.places).astype(float)
        fewest.append((effective_events(weight, count), _surveyed(rows, part)))
    scores = ratio_of_rates(
        (sums["told", "group"], sums["happened", "group"]),
        (sums["told", "reference"], sums["happened", "reference"]),
        units.block,
    )
    top = sums["told", "group"].sum() * unsure["reference"]
    bottom = sums["told", "reference"].sum() * unsure["group"]
    enough = all(one >= want for pair in fewest for one, want in zip(pair, least, strict=True))
    return replace(named, scores=beside(scores, top, bottom), enough=enough)


def _surveyed(rows: pd.DataFrame, part: Values) -> float:
    """Return as how many equal victims those asked count: few tell little of many records."""
    places = rows.assign(part=part).groupby("area").agg({"part": "sum", "asked": "first"})
    weight = places["part"] / places["asked"]
    return effective_events(weight.to_numpy(float), places["asked"].to_numpy(float))


def _unasked(record: pd.DataFrame, asked: pd.DataFrame) -> float:
    """Return the share of the records in areas where nobody was asked."""
    joined = record.merge(asked[["area", "theme"]], how="left", indicator=True)
    whole = rounded(int(record["count"].sum()))
    part = cautious(int(joined.loc[joined["_merge"] != "both", "count"].sum()))
    return min(part / whole, 1.0) if whole else 0.0


def _weigh(found: Finding, unasked: float, most: float) -> Finding:
    """Let nothing be met where the survey leaves too much out."""
    shown = found.values | {"records_not_surveyed": round(unasked, 9)}  # noqa: PD011 - no pandas
    update: dict[str, object] = {"values": shown}
    if found.outcome is Outcome.MET and unasked > most:
        update |= {"outcome": Outcome.INSUFFICIENT, "message": "not_surveyed"}
    return found.model_copy(update=update)
