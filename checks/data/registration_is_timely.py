"""About as large a part of the records is filed within a week, wherever a group lives."""

import pandas as pd

from cas_audit.audit.comparison import Measured, compare, summarise
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, Value, as_rows
from cas_audit.audit.pairs import open_pairs
from cas_audit.audit.quality import Counted, Share, open_quality
from cas_audit.audit.record import cautious, rounded

SOON = {"lag_0_1_days": 1, "lag_2_7_days": 1}
CLASSES = ("lag_before", *SOON, "lag_8_28_days", "lag_29_91_days", "lag_92_days")
TIMELY = Share(SOON, dict.fromkeys(CLASSES, 1))


def registration_is_timely(
    dossier: Dossier,
    *,
    tolerance_low: float = 0.8,
    tolerance_high: float = 1.25,
    min_events: float = 20,
    max_unseen: float = 0.1,
) -> Finding:
    """Is about as large a part of the records filed within a week, wherever a group lives?

    Why: a forecast for next week knows only what is filed by now. Where records come late, a
    neighbourhood looks calm when the map is made; and tested with records of afterwards, the model
    seems to know more than it will.

    How: records filed within seven days of the incident over those of which the time to filing is
    known, counted at the gate. Each is weighted by the group's share of the residents of its area.
    What differs by chance is what was recorded in the same part of the city in other half-years;
    the ratio to the reference gets an interval by score inversion (Fieller), for all groups and
    themes at once (max-t). Judged by two one-sided tests. With fewer records than `min_events`,
    counted as equal ones, nothing is decided; nor when more than `max_unseen` of the rows lie where
    the figures of a group are lacking, or have no readable day of filing. A record filed before its
    incident counts as not filed in time.

    Limits: the day of filing is what the source system says, and may be the day of a correction.
    Records of the last weeks that are yet to be filed are in no count, so the end of the history
    looks timelier than it is. The share that is late is shown per theme, not judged.

    Remedy: test the forecast with what was known at the time; leave out the latest weeks of themes
    that are filed late; ask why some places are filed later.
    """
    groups, counted = open_pairs(dossier), open_quality(dossier)
    if not counted.of(TIMELY.bottom).sum():
        return Finding(
            outcome=Outcome.UNAVAILABLE, message="no_day_of_filing", estimand=Estimand.THIS_PROCESS
        )
    measured = [
        counted.measure(
            Measured(theme, pair.group, pair.reference),
            TIMELY,
            counted.people(pair, groups.residents),
            min_events,
        )
        for theme in dossier.manifest.themes
        for pair in groups.pairs
    ]
    compared = compare(measured, (tolerance_low, tolerance_high))
    found = summarise(compared, Estimand.THIS_PROCESS, counted.unseen(groups), max_unseen)
    update: dict[str, object] = {"tables": {**found.tables, "themes": _shown(counted)}}
    if found.outcome is Outcome.MET and _undated(counted) > max_unseen:
        shown = {"undated": round(_undated(counted), 9)}
        update |= {"outcome": Outcome.INSUFFICIENT, "message": "undated"}
        update["values"] = found.values | shown  # noqa: PD011 - no pandas
    return found.model_copy(update=update)


def _undated(counted: Counted) -> float:
    """Return the share of the rows without a readable day of filing, of the worst theme."""
    unknown, rows = counted.of({"lag_unknown": 1}), counted.of({"rows": 1})
    parts = unknown.astype(int).map(cautious) / rows.astype(int).map(rounded).where(rows > 0)
    return float(parts.max())


def _shown(counted: Counted) -> list[dict[str, Value]]:
    """Return per theme the share in each class of days; few are not told apart."""
    table = pd.DataFrame({name: counted.of({name: 1}) for name in CLASSES}).astype(int)
    table = table.map(cautious)
    rows = table.sum(axis=1)
    table = table.div(rows.where(rows > 0), axis=0).assign(rows=rows.map(rounded))
    return as_rows(table.rename_axis("theme").reset_index().to_dict("records"))
