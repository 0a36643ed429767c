"""Nearly every area has residents, so that groups can be counted in it."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding
from cas_audit.audit.record import judge_share


def areas_have_residents(
    dossier: Dossier, *, max_empty_share: float = 0.05, min_areas: float = 10
) -> Finding:
    """Does nearly every area have residents?

    Why: an area without residents counts for no group; flags there are seen by no bias check.

    How: areas without residents, without complete figures, or smaller than a cell, so that their
    residents are lost, over all areas. It is a count of the record:
    there is no interval.

    Limits: industrial areas are truly without residents. Those who work, shop or sleep rough in an
    area are in no population figure.

    Remedy: take the population figures of the year of the outlines; merge empty areas with a
    neighbour when that is true to the place.
    """
    counted = dossier.json("data/areas.json")
    kinds = ("areas_without_residents", "areas_without_figures", "areas_without_cells")
    empty = sum(counted.get(kind, 0) for kind in kinds)
    areas = counted["areas"]
    return judge_share(empty, areas, at_most=max_empty_share, fewest=min_areas, unit="areas")
