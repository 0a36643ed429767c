"""No package that this runs on has a known weakness."""

from datetime import date

from cas_audit.audit.advisories import is_affected
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state


def dependencies_are_patched(
    dossier: Dossier,
    *,
    max_vulnerable: float = 0,
    max_age_days: float = 30,
    min_packages: float = 5,
) -> Finding:
    """Is no package that the system runs on of a version with a known weakness?

    Why: a weakness that is published is the first that is tried.

    How: the versions that were installed when the dossier was made, of the toolkit's packages and
    those they need in turn, against a file of advisories in the OSV format that was handed in;
    nothing is fetched. A version is affected where an advisory names it or a range holds it, as the
    format defines that. The newest change in the file, or the day it was fetched where it says so,
    may lie at most `max_age_days` days before the reference date: an older file does not know what
    came since. A fact of the record: there is no interval.

    Limits: only packages of Python are looked at: no operating system, no driver, no database. What
    nobody has published is not known. An advisory may be about a part that is not used here. The
    file is what was handed in; whether it is whole is not seen.

    Remedy: bring the packages in the table below up to date, or waive the point with the reason why
    the weakness does no harm here, and an end date.
    """
    given = dossier.json("process/advisories.json")
    packages, advisories = given["packages"], given["advisories"]
    asked = [(one, is_affected(packages[one["package"]], one)) for one in advisories]
    rows = [
        {"package": one["package"], "version": packages[one["package"]], "advisory": one["id"]}
        for one, affected in asked
        if affected
    ]
    unclear = sum(affected is None for _, affected in asked)
    vulnerable = len({row["package"] for row in rows})
    age = None
    if given["newest"]:
        age = (dossier.manifest.reference_date - date.fromisoformat(given["newest"])).days
    outcome, message = Outcome.MET, ""
    if unclear:
        outcome, message = Outcome.INSUFFICIENT, "unclear"
    if age is None or not 0 <= age <= max_age_days:
        outcome, message = Outcome.INSUFFICIENT, "too_old"
    if len(packages) < min_packages or not given["records"]:
        outcome, message = Outcome.INSUFFICIENT, ""
    if vulnerable > max_vulnerable:
        outcome, message = Outcome.NOT_MET, ""
    shown = {"packages": len(packages), "advisories": given["records"], "vulnerable": vulnerable}
    found = state(outcome, message, **shown, unclear=unclear, newest=given["newest"])
    return found.model_copy(
        update={"n": {"packages": len(packages)}, "tables": {"vulnerable": as_rows(rows)}}
    )
