"""Hardly any record rests on a judgement alone."""

import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.record import cautious, rounded

BASES = ["heard", "seen", "judged", "basis_unknown"]


def labels_are_what_they_claim(
    dossier: Dossier, *, max_judged_share: float = 0.05, min_rows: float = 100
) -> Finding:
    """Does nearly every record rest on what someone told or saw, and not on what one thought?

    Why: a label says that something happened. When it is an officer's judgement (suspicious,
    a nuisance, known for it) the model learns who is suspected, and calls that crime.

    How: the source says on what each record rests (role `basis` in the contract of incidents):
    heard from someone, seen by an officer, or judged. The share that is judged is taken over all
    rows of a theme, and the largest decides. Where of more than `max_judged_share` the basis is
    unknown, nothing is decided. It is a count of the record: there is no interval. Small counts are
    shown as four and totals rounded to ten, so that the finding can be shown to anyone; it is
    judged on the true ones. Who brought a record is another question, which
    `records_are_brought_not_found` asks.

    Limits: the basis is what the source system says. What someone told can be a judgement too, and
    what was seen was seen where somebody looked.

    Remedy: leave records that rest on a judgement out of training; have the source tell facts and
    judgements apart, as the law on police data asks (Wpg 4).
    """
    table = dossier.table("data/quality.parquet")
    wide = table.pivot_table(index="theme", columns="kind", values="count", aggfunc="sum")
    if not set(BASES) & set(wide):
        return Finding(outcome=Outcome.UNAVAILABLE, message="no_basis", estimand=Estimand.RECORD)
    wide = wide.reindex(dossier.manifest.themes, columns=BASES).fillna(0)
    wide = wide.astype(int)
    rows = wide.sum(axis=1)
    whole = rows.where(rows > 0)
    judged, unknown = wide["judged"] / whole, wide["basis_unknown"] / whole
    outcome, message, shown = Outcome.MET, "", judged
    if (rows < min_rows).any():
        outcome, shown = Outcome.INSUFFICIENT, -rows
    elif (unknown > max_judged_share).any():
        outcome, message, shown = Outcome.INSUFFICIENT, "basis_unknown", unknown
    if (judged > max_judged_share).any():
        outcome, message, shown = Outcome.NOT_MET, "", judged
    fit = _shown(wide)
    worst = as_rows(fit.loc[[shown.idxmax()]].reset_index().to_dict("records"))[0]
    return Finding(
        outcome=outcome,
        message=message or outcome.value,
        values=worst,
        estimand=Estimand.RECORD,
        estimate=worst["judged"] if isinstance(worst["judged"], float) else None,
        n={"rows": int(fit["rows"].sum())},
        tables={"themes": as_rows(fit.reset_index().to_dict("records"))},
    )


def _shown(wide: pd.DataFrame) -> pd.DataFrame:
    """Return per theme the rows, and the share of each basis; few are not told apart."""
    rows = wide.sum(axis=1).map(rounded)
    shares = wide.map(cautious).div(rows.where(rows > 0), axis=0).clip(upper=1)
    return shares.assign(rows=rows).rename_axis("theme")
