"""Where nothing happened, each group was flagged about as often."""

from cas_audit.audit.comparison import compare, summarise
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding
from cas_audit.audit.outcomes import false_flags, open_followed
from cas_audit.audit.pairs import open_pairs


def even_false_flags(
    dossier: Dossier,
    *,
    tolerance_low: float = 0.8,
    tolerance_high: float = 1.25,
    min_events: float = 20,
    max_unseen: float = 0.1,
) -> Finding:
    """Where nothing happened, was each group flagged about as often?

    Why: a flag where nothing happens is all burden: police come, and there was nothing to prevent.

    How: rate of false flags of a group = its residents in flagged cells and weeks without an
    incident, over its residents in cells and weeks without an incident: the false positive rate of
    fairlearn with residents as weights (with the miss rate the equalised odds of Hardt, Price &
    Srebro 2016). Incidents that the public brought are used where the channel is known. The
    interval is about outcomes given the flags: what differs by chance is what happened in the same
    part of the city in other stretches of weeks. The ratio gets an interval by score inversion
    (Fieller) on all four sums, linearised together, for all groups and themes at once (max-t);
    judged by two one-sided tests. Beside it stands the ratio when every cell counts alike, however
    many live there. With fewer false flags than `min_events`, counted as equal ones,
    nothing is decided. Where an area lacks the figures of a group, its flags are in no comparison;
    when that are more than `max_unseen` of them, nothing is met.

    Limits: in most cells and weeks nothing happens, so this is close to the exposure of this map,
    and its interval is narrow because the flags are taken as they are: another history would give
    other flags, and only the check on exposure knows how others. A patrol that prevents an incident
    makes its own flag a false one. Where less is reported, a right flag looks false. Groups that
    live where more happens have more false flags in any model that flags by chance of an incident
    (Chouldechova 2017); the check cannot tell that from a skewed model.

    Remedy: read it beside the checks on exposure, precision and misses; choose cells under a bound
    on exposure; look for the source that draws flags where little is brought.
    """
    groups = open_pairs(dossier)
    followed = open_followed(dossier)
    asked = [(theme, pair) for theme in dossier.manifest.themes for pair in groups.pairs]
    measured = [followed.compare(theme, pair, false_flags, min_events) for theme, pair in asked]
    by_cells = [followed.by_cells(theme, groups.shares(pair), false_flags) for theme, pair in asked]
    compared = compare(measured, (tolerance_low, tolerance_high))
    unseen = groups.unseen(followed.rows.loc[followed.rows["flagged"], "cell"])
    return summarise(compared, Estimand.OUTCOMES, unseen, max_unseen, by_cells=by_cells)
