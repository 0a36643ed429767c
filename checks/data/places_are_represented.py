"""The history knows about as large a part of the places where each group lives."""

from dataclasses import replace

import numpy as np
import pandas as pd

from cas_audit.audit.comparison import Measured, compare, effective_events, summarise
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, as_rows
from cas_audit.audit.pairs import Pair, open_pairs
from cas_audit.audit.units import Units
from cas_audit.inference.partition import stretches
from cas_audit.inference.scores import within

NAMES = ("group", "reference")


def places_are_represented(
    dossier: Dossier,
    *,
    tolerance_low: float = 0.8,
    tolerance_high: float = 1.25,
    min_events: float = 20,
    max_unseen: float = 0.1,
) -> Finding:
    """Does the history hold records of about as many of the places where each group lives?

    Why: of a cell without records the model knows only its surroundings. Where these are mostly the
    cells of one group, the forecast rests on others there, and a test on the same history does not
    show it.

    How: coverage of a group = the chance that a resident lives in a cell with a record in a quarter
    of a year, over the weeks before those of the test. What differs by chance is what was recorded
    in the same part of the city in other quarters. The ratio to the reference gets an interval by
    score inversion (Fieller), for all groups and themes at once (max-t); judged by two one-sided
    tests. The same ratio over the weeks of the test stands beside it and is not judged, nor is the
    share of each group that lives in a cell without any record before the test. With fewer than
    `min_events` covered cells, counted as equal ones, nothing is decided; nor when more than
    `max_unseen` of the records lie where the figures of a group are lacking.

    Limits: where less happens there are fewer records, and where less is recorded too: the check
    cannot tell these apart. A cell with many residents has a record sooner.

    Remedy: count over a longer history or larger cells for rare themes; look at the error rates
    where coverage is low; say of which neighbourhoods the forecast knows little.
    """
    groups = open_pairs(dossier)
    past, test = _periods(dossier)
    record = dossier.table("data/incidents.parquet")
    compared, beside = (
        compare(
            [
                _measure(Measured(theme, pair.group, pair.reference), pair, one, record, min_events)
                for theme in dossier.manifest.themes
                for pair in groups.pairs
            ],
            (tolerance_low, tolerance_high),
        )
        for one in (past, test)
    )
    before = record[record["week"].isin(past.stretch.index)]
    unseen = groups.unseen(before["cell"], before["count"])
    found = summarise(compared, Estimand.THIS_PROCESS, unseen, max_unseen)
    tables = {
        "test": as_rows([one.row() for one in beside]),
        "without_history": as_rows(
            [
                {"theme": theme, **_without(pair, before[before["theme"] == theme]["cell"])}
                for theme in dossier.manifest.themes
                for pair in groups.pairs
            ]
        ),
    }
    return found.model_copy(update={"tables": {**found.tables, **tables}})


def _periods(dossier: Dossier) -> list[Units]:
    """Return the weeks before the test, and those of the test, in quarters of a year."""
    weeks = pd.DatetimeIndex(dossier.table("data/weeks.parquet")["week"].sort_values())
    first = pd.Timestamp(dossier.json("model/split.json")["test"]["first"])
    wide = dossier.table("partition.parquet").set_index("cell")["wide"]
    parts = (weeks[weeks < first], weeks[weeks >= first])
    return [Units(wide, pd.Series(stretches(len(one)), index=one)) for one in parts]


def _measure(
    named: Measured, pair: Pair, units: Units, record: pd.DataFrame, least: float
) -> Measured:
    chosen = record[
        (record["theme"] == named.theme) & record["week"].isin(units.stretch.index)
    ].copy()
    chosen["unit"] = units.of(chosen["cell"], chosen["week"])
    covered = chosen[["cell", "unit"]].drop_duplicates()
    people = pair.weights / pair.weights.sum()
    there = people.reindex(covered["cell"]).fillna(0.0)
    unit = covered["unit"].to_numpy()
    shares = {name: there[name].to_numpy(float) for name in NAMES}
    top, bottom = (units.sums(unit, shares[name]) for name in NAMES)
    fewest = min(effective_events(one, np.ones(one.size)) for one in shares.values())
    return replace(named, scores=within(top, bottom, units.block), enough=fewest >= least)


def _without(pair: Pair, cells: "pd.Series[int]") -> dict[str, float | str | None]:
    """Return which part of a group, and of its reference, lives in cells without a record."""
    people = pair.weights.fillna(0.0)
    bare = people[~people.index.isin(cells)].sum() / people.sum()
    return {
        "group": pair.group,
        "without_history": float(bare["group"]),
        "reference": pair.reference,
        "reference_without_history": float(bare["reference"]),
    }
