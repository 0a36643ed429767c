"""The records were brought by the public, and hardly any were found by the police."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.record import cautious


def records_are_brought_not_found(
    dossier: Dossier, *, max_found_share: float = 0.05, min_records: float = 100
) -> Finding:
    """Does the model learn from what the public brought, and hardly from what police found?

    Why: a record that exists because the police were there says where they were, not where
    crime is; a forecast made of it sends them back.

    How: per theme, the share of admitted records whose channel is `found`; the largest is judged.
    One to four records count as four, so that the finding can be shown to anyone.
    It is a count of the record itself: there is no interval.

    Limits: the channel is what the source system says; a record can be filed wrongly. What the
    public brings is not evenly reported either.

    Remedy: admit the channel `brought` alone, in one line of the configuration.
    """
    if "brought" not in dossier.manifest.channels and "found" not in dossier.manifest.channels:
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
    wide = wide.reindex(columns=["brought", "found"], fill_value=0)
    wide = wide.map(cautious)
    wide["records"] = wide.sum(axis=1)
    wide["share"] = wide["found"] / wide["records"].where(wide["records"] > 0)
    few = wide[wide["records"] < min_records]
    outcome = Outcome.MET if few.empty else Outcome.INSUFFICIENT
    if (wide["share"] > max_found_share).any():
        outcome = Outcome.NOT_MET
    shown = few if outcome is Outcome.INSUFFICIENT else wide.sort_values("share").tail(1)
    rows = as_rows(wide.reset_index().to_dict("records"))
    worst = as_rows(shown.reset_index().to_dict("records"))[0]
    share = worst["share"]
    return Finding(
        outcome=outcome,
        message=outcome.value,
        values=worst,
        estimand=Estimand.RECORD,
        estimate=share if isinstance(share, float) else None,
        n={"records": int(wide["records"].sum())},
        tables={"themes": rows},
    )
