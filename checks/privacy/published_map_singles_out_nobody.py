"""No value on the published map is about a handful of people, or tells their cells apart."""

import numpy as np
import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.record import cautious
from cas_audit.inference.curves import Auc, paired_auc
from cas_audit.inference.interval import Critical, critical_values

CHANCE = 0.5
RANK = (Outcome.NOT_MET, Outcome.INSUFFICIENT, Outcome.MET)


def published_map_singles_out_nobody(
    dossier: Dossier, *, min_residents: float = 10, max_auc_gap: float = 0.05, min_cells: float = 30
) -> Finding:
    """Do enough people live behind each published value, and does none tell small cells apart?

    Why: where a few people live, a flag points at a household, and a value that follows what
    happened there tells who was a victim.

    How: first, the residents behind one value: a cell shown as itself, the blurred cells of an area
    that share a value, or all that is withheld, since that follows from the total by subtraction.
    Then a membership test (Yeom et al. 2018): among cells with fewer residents than the least, how
    often is the published share higher in a cell with an incident in the weeks of training than in
    one without, in the same area. That is the AUC, with the interval of Hanley & McNeil (1982) per
    area, weighted by pairs, together for all themes. It must lie within `max_auc_gap` of a half,
    on either side. Where the small cells of each area all show the same, it is a half by
    construction, however few they are. The same test on the exact shares shows what blurring took.

    Limits: residents are figures of an area spread evenly over its cells; the people of a real cell
    can be fewer. Who knows more, such as flags of single weeks or an earlier publication, can tell
    more. What an area's value says about all its cells together is not counted.

    Remedy: publish again with a larger smallest population, or leave out the areas concerned.
    """
    flags = _flags(dossier)
    themes = sorted(flags["theme"].unique())
    critical = critical_values(float("inf"), np.eye(max(len(themes), 1)))
    judged = []
    for theme in themes:
        part = flags[flags["theme"] == theme]
        small = part[part["residents"].round(6) < min_residents]
        values, fewest = _fewest(part)
        after = _auc(small, "share", critical)
        row = {
            "theme": theme,
            "fewest_residents": cautious(int(fewest)),
            "published_values": values,
            "small_cells": len(small),
            "before_blurring": _auc(small, "exact", critical).estimate,
            "after_blurring": after.estimate,
        }
        if not values:
            outcome, message = Outcome.INSUFFICIENT, "nothing_published"
        elif round(fewest, 6) < min_residents:
            outcome, message = Outcome.NOT_MET, "not_met"
        elif small.empty:
            outcome, message = Outcome.MET, "met_nobody_small"
        else:
            outcome = _judge(after, max_auc_gap, enough=len(small) >= min_cells)
            message = "tells_apart" if outcome is Outcome.NOT_MET else outcome.value
        judged.append((RANK.index(outcome), message, after, row))
    if not judged:
        return Finding(
            outcome=Outcome.INSUFFICIENT, message="nothing_published", estimand=Estimand.RECORD
        )
    rank, message, after, row = min(judged, key=lambda one: one[0])
    rows = as_rows([one[-1] for one in judged])
    return Finding(
        outcome=RANK[rank],
        message=message,
        values=as_rows([row])[0],
        estimand=Estimand.OUTCOMES,
        estimate=after.estimate,
        interval=None if after.low is None else (after.low, after.high),
        level=None if after.low is None else critical.level,
        n={"small_cells": sum(int(str(one["small_cells"])) for one in rows)},
        tables={"themes": rows},
    )


def _flags(dossier: Dossier) -> pd.DataFrame:
    """Return the published flags with area, residents, exact share and whether trained on."""
    flags = dossier.table("public/flags.parquet")
    people = dossier.table("data/residents.parquet")[["cell", "residents"]]
    cells = dossier.table("data/cells.parquet")[["cell", "area"]]
    exact = dossier.table("forecasts.parquet").groupby(["theme", "cell"])["flagged"].mean()
    train = dossier.json("model/split.json")["train"]
    incidents = dossier.table("data/incidents.parquet")
    trained = incidents["week"].between(pd.Timestamp(train["first"]), pd.Timestamp(train["last"]))
    hit = incidents.loc[trained, ["theme", "cell"]].drop_duplicates().assign(hit=True)
    joined = flags.merge(cells, how="left").merge(people, how="left").merge(hit, how="left")
    joined = joined.merge(exact.rename("exact").reset_index(), how="left")
    return joined.assign(hit=joined["hit"].eq(True), residents=joined["residents"].fillna(0))


def _fewest(part: pd.DataFrame) -> tuple[int, float]:
    """Return how many values are published, and the fewest residents behind one."""
    unit = "cell " + part["cell"].astype(str)
    shared = "area " + part["area"].astype(str) + " " + part["share"].astype(str)
    unit = unit.mask(part["shown_as"] == "area", shared).mask(part["share"].isna(), "withheld")
    residents = part["residents"].groupby(unit).sum()
    return len(residents.drop("withheld", errors="ignore")), float(residents.min())


def _auc(small: pd.DataFrame, column: str, critical: Critical) -> Auc:
    """Compare cells within their area; what is withheld cannot be told apart either."""
    value = small[column].fillna(-1.0).to_numpy(float)
    area = pd.factorize(small["area"], sort=True)[0]
    return paired_auc(value, small["hit"].to_numpy(bool), area, critical)


def _judge(after: Auc, gap: float, *, enough: bool) -> Outcome:
    if after.low is None or after.high is None:
        return Outcome.INSUFFICIENT
    if CHANCE == after.low == after.high:
        return Outcome.MET
    if not enough:
        return Outcome.INSUFFICIENT
    if CHANCE - gap <= after.low and after.high <= CHANCE + gap:
        return Outcome.MET
    apart = after.low > CHANCE + gap or after.high < CHANCE - gap
    return Outcome.NOT_MET if apart else Outcome.INSUFFICIENT
