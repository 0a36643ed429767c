"""Each family of features and each source earns its place in hits."""

from cas_audit.audit.comparison import finite
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.necessity import Loss, losses
from cas_audit.inference.interval import above


def every_feature_is_needed(
    dossier: Dossier, *, min_gain: float = 0.005, min_events: float = 100
) -> Finding:
    """Does the forecast get worse when a feature, a source, or detail is left out?

    Why: what adds nothing need not be known; data about people may be used only where the purpose
    cannot do without (Wpg 3, AVG 5), and a place can be known too precisely.

    How: before sealing, the model was fitted again (trials) without each family of features (of
    the cell itself, near, farther away, of other themes), without each source beside the incidents
    and without what the police found, without features that look back farther than three years,
    one year and six months, and on cells merged two by two; each flagged as many cells. Loss = hit
    rate of the model less that of the trial, paired: each incident counts for both. The interval is
    about outcomes given the flags, by score inversion, together for all trials and themes (max-t).
    A family is needed when its loss is above `min_gain` and superfluous when it is below, one-sided
    at 5 %; with fewer incidents than `min_events` nothing is decided. What is superfluous is named.

    Limits: families are dropped in turn: of two that tell the same, each can be missed and both
    cannot. The flags are fixed; what training on another history would change is not in the
    interval. Whether a small gain is worth the data is for people to weigh.

    Remedy: leave out what is named, one family at a time, and audit again; take larger cells or
    a shorter history where that costs nothing.
    """
    tried = losses(dossier, min_events)
    needed = {one: one.lost and above(one.lost, min_gain) for one in tried}
    named = [one for one, verdict in needed.items() if verdict is False]
    outcome, message = Outcome.INSUFFICIENT, Outcome.INSUFFICIENT.value
    if not any(one.lost for one in tried):
        message = "too_few"
    elif set(needed.values()) == {True}:
        outcome = Outcome.MET
    if named:
        outcome = Outcome.NOT_MET
    least = min(named or tried, key=_size)
    return Finding(
        outcome=outcome,
        message=message if outcome is Outcome.INSUFFICIENT else outcome.value,
        values={
            **as_rows([_row(least)])[0],
            "trials": len(tried),
            "named": ", ".join(sorted({one.trial for one in named})),
        },
        estimand=Estimand.OUTCOMES,
        estimate=least.lost and least.lost.estimate,
        interval=least.lost and (finite(least.lost.low), finite(least.lost.high)),
        level=0.95,
        n={"trials": len(tried), "undefined": sum(not one.lost for one in tried)},
        smallest_gap=least.lost and finite(least.lost.high - least.lost.estimate),
        tables={"trials": as_rows([_row(one) for one in tried])},
    )


def _size(one: Loss) -> float:
    return one.lost.estimate if one.lost else float("inf")


def _row(one: Loss) -> dict[str, object]:
    found = one.lost
    return {
        "theme": one.theme,
        "trial": one.trial,
        "features": one.features,
        "lost_hits": found and found.estimate,
        "low": found and finite(found.low),
        "high": found and finite(found.high),
    }
