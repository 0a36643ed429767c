"""Incidents are missed about as often where each group lives."""

from cas_audit.audit.comparison import compare, summarise
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding
from cas_audit.audit.outcomes import misses, open_followed
from cas_audit.audit.pairs import open_pairs


def even_misses(
    dossier: Dossier,
    *,
    tolerance_low: float = 0.8,
    tolerance_high: float = 1.25,
    min_events: float = 20,
    max_unseen: float = 0.1,
) -> Finding:
    """Do incidents fall outside the flags about as often where each group lives?

    Why: where the model misses more, those who live there get less of the protection it promises.

    How: miss rate of a group = its residents in cells and weeks with an incident and no flag, over
    its residents in cells and weeks with an incident: the false negative rate of fairlearn with
    residents as weights (Hardt, Price & Srebro 2016 call its equality equal opportunity). Incidents
    that the public brought are used where the channel is known. The interval is about outcomes
    given the flags: what differs by chance is what happened in the same part of the city in other
    stretches of weeks. The ratio gets an interval by score inversion (Fieller) on all four sums,
    linearised together, for all groups and themes at once (max-t); judged by two one-sided tests.
    Beside it stands the ratio when every cell counts alike, however many live there. With fewer
    misses than `min_events`, counted as equal ones, nothing is decided. Where an area
    lacks the figures of a group, its flags are in no comparison; when that are more than
    `max_unseen` of them, nothing is met.

    Limits: an incident that is not reported is missed by nobody: where a group reports less, fewer
    misses are seen. A cell with three incidents counts once a week, as in fairlearn; cells that
    are not forecast count nowhere. At a small share of cells most incidents are missed everywhere,
    and the ratio lies near one: a large difference in hits is then a small one in misses.

    Remedy: look at what the model lacks where it misses more, such as history or places; compare
    reporting between areas; consider a share of flags for each part of the city.
    """
    groups = open_pairs(dossier)
    followed = open_followed(dossier)
    asked = [(theme, pair) for theme in dossier.manifest.themes for pair in groups.pairs]
    measured = [followed.compare(theme, pair, misses, min_events) for theme, pair in asked]
    by_cells = [followed.by_cells(theme, groups.shares(pair), misses) for theme, pair in asked]
    compared = compare(measured, (tolerance_low, tolerance_high))
    unseen = groups.unseen(followed.rows.loc[followed.rows["flagged"], "cell"])
    return summarise(compared, Estimand.OUTCOMES, unseen, max_unseen, by_cells=by_cells)
