"""About as large a part of the records has a place, wherever a group lives."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cas_audit.audit.comparison import Comparison, Measured, bracket, compare, summarise
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Value, as_rows
from cas_audit.audit.pairs import Pairs, open_pairs
from cas_audit.audit.quality import Counted, Share, open_quality
from cas_audit.audit.record import cautious, rounded

LOST = {"no_place": 1, "default_place": 1}
PLACED = Share({"rows": 1, "no_place": -1, "default_place": -1}, {"rows": 1})


def locations_are_complete(
    dossier: Dossier,
    *,
    tolerance_low: float = 0.8,
    tolerance_high: float = 1.25,
    min_events: float = 20,
    max_unseen: float = 0.1,
) -> Finding:
    """Does about as large a part of the records have a place, wherever a group lives?

    Why: a record without a place is in no cell. Where places are filed badly a neighbourhood looks
    calm, and a forecast passes it by.

    How: rows with a place over all rows, counted at the gate before exact places are gone; a place
    that the source system writes when it knows none is no place. Each row is weighted by the
    group's share of the residents of its area. What differs by chance is what was recorded in the
    same part of the city in other half-years; the ratio to the reference gets an interval by score
    inversion (Fieller), for all groups and themes at once (max-t). A row without a place has an
    area only if the source names one (role `area` in the contract of incidents). Of the others
    nobody knows where they belong: the interval reaches from all of them being the group's to all
    being the reference's (Horowitz & Manski 2000). Judged by two one-sided tests. With fewer rows
    than `min_events`, counted as equal ones, nothing is decided; nor when more than `max_unseen` of
    them lie where the figures of a group are lacking.

    Limits: a wrong place is a place. How many rows share one exact point (a heap: twenty rows of a
    theme or more) is shown per theme and not judged, since a station or a shop can be a heap too.
    What never became a row is not counted.

    Remedy: have places filled in where they are missing; name the places that stand for none in the
    contract; let the source name the area of each record.
    """
    groups, counted = open_pairs(dossier), open_quality(dossier)
    desk = _Desk(groups, counted, min_events)
    named = [
        Measured(theme, pair.group, pair.reference)
        for theme in dossier.manifest.themes
        for pair in groups.pairs
    ]
    nowhere = _nowhere(counted)
    tolerance = tolerance_low, tolerance_high
    compared = compare(
        [
            desk.measure(one, {side: nowhere[one.theme]} if side else {})
            for side in ("", "group", "reference")
            for one in named
        ],
        tolerance,
    )
    found = summarise(
        _bracketed(compared, len(named), tolerance),
        Estimand.THIS_PROCESS,
        counted.unseen(groups),
        max_unseen,
    )
    return found.model_copy(update={"tables": {**found.tables, "themes": _shown(counted)}})


@dataclass(frozen=True)
class _Desk:
    """What every comparison needs."""

    groups: Pairs
    counted: Counted
    least: float

    def measure(self, named: Measured, lost: Mapping[str, float]) -> Measured:
        [pair] = [
            one
            for one in self.groups.pairs
            if (one.group, one.reference) == (named.group, named.reference)
        ]
        people = self.counted.people(pair, self.groups.residents)
        return self.counted.measure(named, PLACED, people, self.least, lost)


def _nowhere(counted: Counted) -> "pd.Series[float]":
    """Return per theme the rows without a place whose area the source does not name."""
    seen = counted.rows[counted.rows["kind"].isin(LOST)].groupby("theme")["count"].sum()
    return (counted.of(LOST) - seen.reindex(counted.every.index).fillna(0)).clip(lower=0)


def _bracketed(
    compared: list[Comparison], number: int, tolerance: tuple[float, float]
) -> list[Comparison]:
    parts = compared[:number], compared[number : 2 * number], compared[2 * number :]
    return [bracket(*three, tolerance) for three in zip(*parts, strict=True)]


def _shown(counted: Counted) -> list[dict[str, Value]]:
    """Return per theme the shares without a place and at heaps; few are not told apart."""
    parts = {"rows": {"rows": 1}, "without_place": LOST, "at_heaps": {"heap": 1}}
    table = pd.DataFrame({name: counted.of(kinds) for name, kinds in parts.items()}).astype(int)
    table["rows"] = table["rows"].map(rounded)
    for name in ("without_place", "at_heaps"):
        table[name] = table[name].map(cautious) / table["rows"].where(table["rows"] > 0)
    return as_rows(table.rename_axis("theme").reset_index().to_dict("records"))
