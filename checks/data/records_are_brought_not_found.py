"""The records were brought by the public, and hardly any were found by the police."""

import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, Value, as_rows
from cas_audit.audit.pairs import open_pairs
from cas_audit.audit.record import cautious, in_tens, rounded
from cas_audit.errors import Unavailable

SMALL = range(1, 5)
CHANNELS = ["brought", "found", "unknown"]
WHOLE, YEAR = "whole_record", 52
WORST_AREAS = 5


def records_are_brought_not_found(
    dossier: Dossier, *, max_found_share: float = 0.05, min_records: float = 100
) -> Finding:
    """Does the model learn from what the public brought, and hardly from what police found?

    Why: a record that exists because the police were there says where they were, not where
    crime is; a forecast made of it sends them back.

    How: per theme, the share of admitted records whose channel is `found`, over the whole
    record and over its last 52 weeks, so that a rise is not hidden by a long past; the largest
    is judged. Where those of unknown channel could make it more than `max_found_share`, nothing
    is decided. It is a count of the record itself: there is no interval. Beside it, not judged:
    the share in each 52 weeks, the areas where it is largest, and the share among the records
    of cells where a group lives, each weighted by the group's share of the residents. Small
    counts are shown as four, and where a theme has any its counts are in tens and its totals
    rounded, so that the finding can be shown to anyone; it is judged on the true ones. Years,
    areas and groups with fewer than `min_records` records are left out.

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
    incidents = dossier.table("data/incidents.parquet")
    themes = dossier.manifest.themes
    back = _years_back(incidents["week"])
    whole = _counts(incidents, ["theme"]).reindex(themes, fill_value=0)
    yearly = _counts(incidents.assign(years_back=back), ["theme", "years_back"])
    judged = _judged(whole, yearly, min_records)
    records = judged.sum(axis=1)
    shares = judged.div(records.where(records > 0), axis=0)
    found, unknown = shares["found"], shares["unknown"]
    outcome, message, shown = Outcome.MET, "", found
    if (records < min_records).any():
        outcome, shown = Outcome.INSUFFICIENT, -records
    elif ((unknown > 0) & (found + unknown > max_found_share)).any():
        outcome, message, shown = Outcome.INSUFFICIENT, "channel_unknown", unknown
    if (found > max_found_share).any():
        outcome, message, shown = Outcome.NOT_MET, "", found
    most = list(shown.index).index(shown.idxmax())
    if judged.index[most][1] != WHOLE and not message:
        message = f"{outcome.value}_lately"
    small = _themes_with_small(yearly)
    worst = _rows(_shown(judged.iloc[[most]].droplevel("part"), small))[0]
    share = worst["share"]
    return Finding(
        outcome=outcome,
        message=message or outcome.value,
        values=worst,
        estimand=Estimand.RECORD,
        estimate=share if isinstance(share, float) else None,
        n={"records": int(_shown(whole, small)["records"].sum())},
        tables={
            "themes": _rows(_shown(whole, small)),
            "years": _rows(_shown(_enough(yearly, min_records), small)),
            "areas": _areas(dossier, incidents, min_records),
            "groups": _groups(dossier, incidents[~incidents["theme"].isin(small)], min_records),
        },
    )


def _years_back(week: "pd.Series[str]") -> "pd.Series[int]":
    """Count years of 52 weeks back from the last week of the record; 0 is the last year."""
    when = pd.to_datetime(week)
    back: pd.Series[int] = (when.max() - when).dt.days // (7 * YEAR)
    return back


def _counts(incidents: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Count records by channel, one row per combination of the columns named."""
    wide = incidents.pivot_table(
        index=by, columns="channel", values="count", aggfunc="sum", fill_value=0
    )
    return wide.reindex(columns=CHANNELS, fill_value=0)


def _enough(table: pd.DataFrame, least: float) -> pd.DataFrame:
    return table[table.sum(axis=1) >= least]


def _judged(whole: pd.DataFrame, yearly: pd.DataFrame, least: float) -> pd.DataFrame:
    """Put the whole record of each theme, and its last year where that is enough, together."""
    last = yearly[yearly.index.get_level_values("years_back") == 0].droplevel("years_back")
    parts = {WHOLE: whole, "last_year": _enough(last, least)}
    return pd.concat(parts, names=["part"]).swaplevel()


def _themes_with_small(yearly: pd.DataFrame) -> set[str]:
    """Name the themes of which a year has one to four of a kind: no difference may tell them."""
    some = yearly.isin(SMALL).any(axis=1)
    return set(some[some].index.get_level_values("theme"))


def _shown(wide: pd.DataFrame, small: set[str]) -> pd.DataFrame:
    """Return the counts fit to be shown, and the shares that follow from those.

    Where one is small the others are in tens: the receipt says how many there are in all.
    """
    hide = wide.isin(SMALL).any(axis=1) | wide.index.get_level_values("theme").isin(small)
    table = wide.map(cautious)
    table = table.mask(hide, table.map(in_tens))
    records = table.sum(axis=1).map(rounded)
    whole = records.where(records > 0)
    table = table.assign(records=records, share=table["found"] / whole)
    return table.assign(unknown_share=table["unknown"] / whole).drop(columns=["brought"])


def _rows(table: pd.DataFrame) -> list[dict[str, Value]]:
    return as_rows(table.reset_index().to_dict("records"))


def _areas(dossier: Dossier, incidents: pd.DataFrame, least: float) -> list[dict[str, Value]]:
    """Show the areas where the share is largest; counts are in tens, whatever they are."""
    if not dossier.has("data/cells.parquet"):
        return []
    area = dossier.table("data/cells.parquet").set_index("cell")["area"]
    named = incidents.assign(area=incidents["cell"].map(area)).dropna(subset=["area"])
    table = _enough(_counts(named, ["theme", "area"]), least)
    shown = _shown(table, set(incidents["theme"]))
    return _rows(shown.sort_values("share", ascending=False, kind="stable").head(WORST_AREAS))


def _groups(dossier: Dossier, incidents: pd.DataFrame, least: float) -> list[dict[str, Value]]:
    """Show the share among records where a group lives, and where its reference does.

    Both shares and their totals would tell a small count, so such a theme is left out before.
    """
    try:
        groups = open_pairs(dossier)
    except Unavailable:
        return []
    rows: list[dict[str, Value]] = []
    for theme, part in incidents.groupby("theme", sort=True, observed=True):
        count, found = part["count"].to_numpy(float), (part["channel"] == "found").to_numpy()
        for pair in groups.pairs:
            lives = groups.shares(pair).reindex(part["cell"]).fillna(0.0).to_numpy(float)
            whole = count @ lives
            if (whole < least).any():
                continue
            share, other = (count * found) @ lives / whole
            named = {"group": pair.group, "reference": pair.reference}
            rows.append({"theme": str(theme), **named, "share": share, "reference_share": other})
    return as_rows(rows)
