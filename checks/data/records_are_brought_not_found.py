"""The records were brought by the public, and hardly any were found by the police."""

import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.record import cautious, in_tens, rounded

SMALL = range(1, 5)


def records_are_brought_not_found(
    dossier: Dossier, *, max_found_share: float = 0.05, min_records: float = 100
) -> Finding:
    """Does the model learn from what the public brought, and hardly from what police found?

    Why: a record that exists because the police were there says where they were, not where
    crime is; a forecast made of it sends them back.

    How: per theme, the share of admitted records whose channel is `found`; the largest is judged.
    Where the channel of more than `max_found_share` is unknown, nothing is decided. It is a count
    of the record itself: there is no interval. Small counts are shown as four and totals rounded to
    ten, so that the finding can be shown to anyone; it is judged on the true ones.

    Limits: the channel is what the source system says; a record can be filed wrongly. What the
    public brings is not evenly reported either.

    Remedy: admit the channel `brought` alone, in one line of the configuration.
    """
    if dossier.manifest.channels == ["unknown"]:
        return Finding(
            outcome=Outcome.NOT_APPLICABLE,
            message="not_applicable_channel_unknown",
            estimand=Estimand.RECORD,
        )
    table = dossier.table("data/incidents.parquet")
    wide = table.pivot_table(
        index="theme", columns="channel", values="count", aggfunc="sum", fill_value=0
    )
    wide = wide.reindex(dossier.manifest.themes, fill_value=0)
    wide = wide.reindex(columns=["brought", "found", "unknown"], fill_value=0)
    records = wide.sum(axis=1)
    whole = records.where(records > 0)
    found, unknown = wide["found"] / whole, wide["unknown"] / whole
    outcome, message, shown = Outcome.MET, "", found
    if (records < min_records).any():
        outcome, shown = Outcome.INSUFFICIENT, -records
    elif (unknown > max_found_share).any():
        outcome, message, shown = Outcome.INSUFFICIENT, "channel_unknown", unknown
    if (found > max_found_share).any():
        outcome, message, shown = Outcome.NOT_MET, "", found
    table = _shown(wide)
    worst = as_rows(table.loc[[shown.idxmax()]].reset_index().to_dict("records"))[0]
    share = worst["share"]
    return Finding(
        outcome=outcome,
        message=message or outcome.value,
        values=worst,
        estimand=Estimand.RECORD,
        estimate=share if isinstance(share, float) else None,
        n={"records": int(table["records"].sum())},
        tables={"themes": as_rows(table.reset_index().to_dict("records"))},
    )


def _shown(wide: pd.DataFrame) -> pd.DataFrame:
    """Return the counts fit to be shown, and the shares that follow from those.

    Where one is small the others are in tens: the receipt says how many there are in all.
    """
    small = wide.isin(SMALL).any(axis=1)
    table = wide.map(cautious)
    table = table.mask(small, table.map(in_tens))
    records = table.sum(axis=1).map(rounded)
    whole = records.where(records > 0)
    table = table.assign(records=records, share=table["found"] / whole)
    return table.assign(unknown_share=table["unknown"] / whole).drop(columns=["brought"])
