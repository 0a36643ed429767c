"""No feature, alone or with others, tells where a group lives beyond what need tells."""

from collections.abc import Iterable

import pandas as pd

from cas_audit.audit.comparison import finite
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.pairs import Pairs, open_pairs
from cas_audit.audit.proxies import LEVEL, TOGETHER, Told, tell, with_intervals
from cas_audit.errors import Unavailable
from cas_audit.inference.interval import above

SURE = 0.05
NAMES = 3  # features in the sentence
SHOWN = 5  # features of a group and theme in the table, besides all together


def no_feature_stands_for_a_group(
    dossier: Dossier,
    *,
    max_explained: float = 0.1,
    draws: float = 199,
    min_areas: float = 10,
    max_unseen: float = 0.1,
) -> Finding:
    """Do features tell no more of where a group lives than recorded need does?

    Why: a group that is in no data can still be steered by what stands for it. In 2017 CAS lost the
    share of residents of other origin and kept its proxies.

    How: the share of a group among a cell's residents of the group and its reference is told from
    the mean of each feature over the test weeks, alone and together, by weighted least squares
    (residents as weights, ridge on features), each wide block of the city by a fit on the others
    (spatial cross-validation: Roberts and others 2017). Judged is the share told beyond recorded
    need: 1 - error(need and feature) / error(need), with need the incidents of the theme that the
    public brought, in the cell and around it, over the whole record. Its interval takes blocks as
    draws of a spatial process (Fieller), for all features, groups and themes at once (max-t).
    Smooth fields go together by chance: the share of the group is drawn again, as clustered as it
    is (Moran spectral randomisation: Wagner & Dray 2015), given need; p-values of all features
    together, by Holm over groups and themes. It does not hold where more than `max_explained` is
    told beyond need, one-sided at 5 %, and p is below 5 %. It holds where every interval stays
    below. Single features are named by Benjamini-Hochberg. Shares are known by area: with fewer
    than `min_areas`, or with more than `max_unseen` of the residents in areas without figures,
    nothing is met.

    Limits: a straight line in each feature; a model can see more. Need is what was recorded: where
    a group reports less, a feature of true need looks like a proxy. That a feature tells of a
    group does not say that the model uses it: see `fairness_without_proxies`.

    Remedy: leave out what is named, audit again, and look whether flags change; coarsen it; or say
    why it is needed.
    """
    groups = open_pairs(dossier)
    if not groups.pairs:
        message = "The dossier names no group of residents."
        raise Unavailable(message)
    told = tell(dossier, groups, int(draws))
    areas = dossier.table("data/cells.parquet").set_index("cell")["area"]
    if areas.reindex(groups.residents.index[~groups.dark.to_numpy()]).nunique() >= min_areas:
        told = with_intervals(told)
    related = {one.question for one in told if one.feature == TOGETHER and one.adjusted <= SURE}
    stands = {one: _over(one, max_explained) for one in told}
    stands = {
        one: None if over and one.question not in related else over for one, over in stands.items()
    }
    return _conclude(stands, groups, max_unseen)


def _over(one: Told, limit: float) -> bool | None:
    """Say whether more than the limit is told beyond need; None where it cannot be decided."""
    return above(one.interval, limit) if one.interval else None


def _conclude(stands: dict[Told, bool | None], groups: Pairs, max_unseen: float) -> Finding:
    outcome = Outcome.MET if set(stands.values()) == {False} else Outcome.INSUFFICIENT
    if True in stands.values():
        outcome = Outcome.NOT_MET
    wanted = {Outcome.MET: False, Outcome.NOT_MET: True}.get(outcome)
    worst = max(
        (one for one, verdict in stands.items() if verdict is wanted), key=lambda one: one.size
    )
    found, unseen = worst.interval, groups.unseen(pd.Series(dtype=int))
    message = outcome.value if found else "too_few"
    if outcome is Outcome.MET and unseen.residents > max_unseen:
        outcome, message = Outcome.INSUFFICIENT, "unseen"
    together = [one for one in stands if one.feature == TOGETHER]
    named = [one.feature for one in _strongest(stands, worst) if one.adjusted <= SURE][:NAMES]
    values = {
        **worst.row(),
        "named": ", ".join(named or [worst.feature]),
        "residents_without_figures": unseen.residents,
    }
    return Finding(
        outcome=outcome,
        message=message,
        values=as_rows([values])[0],
        estimand=Estimand.BEYOND,
        estimate=found and found.estimate,
        interval=found and (finite(found.low), finite(found.high)),
        level=LEVEL,
        n={
            "comparisons": len(together),
            "undefined": sum(one.interval is None for one in together),
            **unseen.counted(),
        },
        smallest_gap=found and finite(found.high - found.estimate),
        tables={"proxies": as_rows(_table(stands, together))},
    )


def _strongest(told: Iterable[Told], like: Told) -> list[Told]:
    """Return the single features of one group and theme, the one that tells most first."""
    same = [one for one in told if one.question == like.question and one.feature != TOGETHER]
    return sorted(same, key=lambda one: one.size, reverse=True)


def _table(told: Iterable[Told], together: Iterable[Told]) -> list[dict[str, object]]:
    shown = [(whole, *_strongest(told, whole)[:SHOWN]) for whole in together]
    return [one.row() for part in shown for one in part]
