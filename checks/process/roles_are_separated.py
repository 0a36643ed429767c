"""Nobody both builds and releases."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome
from cas_audit.audit.record import cautious, rounded, state
from cas_audit.audit.records import Record, open_record
from cas_audit.errors import Unavailable


def roles_are_separated(
    dossier: Dossier, *, max_both: float = 0, max_own_releases: float = 0, max_months: float = 12
) -> Finding:
    """Is there nobody who both builds the system and releases it?

    Why: who releases their own work is the only one who sees their own mistakes.

    How: in the access export, accounts that may both develop and release are counted. In the record
    of changes, versions of the last `max_months` months are counted that were released by somebody
    who wrote a part of them. Whether two names are of the same person is told in the process that
    reads the table; names go no further. A count of the record: there is no interval. One to four
    are shown as four; it is judged on the true ones. With one record of the two, nothing is met,
    nor with a version that nobody is named to have released.

    Limits: somebody with two accounts under two names is taken for two people. Whether those who
    released looked is not seen. Names in one table are not compared with those in another.

    Remedy: withdraw one of the two rights, and have versions released by somebody who built nothing
    in them.
    """
    access, changes = _open(dossier, "access"), _open(dossier, "changes")
    if access is None and changes is None:
        message = "The dossier holds no data/access.parquet and no data/changes.parquet."
        raise Unavailable(message)
    both = access.total("both_duties") if access else 0
    own = changes.total("versions_by_author", within=max_months) if changes else 0
    versions = changes.total("versions", within=max_months) if changes else 0
    unnamed = changes.total("versions_without_approver", within=max_months) if changes else 0
    roles = {kind: access.total(kind) if access else 0 for kind in ("developers", "approvers")}
    outcome, message = Outcome.MET, ""
    if access is None or not all(roles.values()):
        outcome, message = Outcome.INSUFFICIENT, "roles_not_told"
    elif not versions:
        outcome, message = Outcome.INSUFFICIENT, "releases_not_told"
    elif unnamed:
        outcome, message = Outcome.INSUFFICIENT, "approver_not_named"
    if own > max_own_releases:
        outcome, message = Outcome.NOT_MET, "own_releases"
    if both > max_both:
        outcome, message = Outcome.NOT_MET, "both"
    shown = {"both": both, "own_releases": own, "unnamed": unnamed}
    small = {kind: cautious(number) for kind, number in shown.items()}
    found = state(outcome, message, versions=rounded(versions), **small)
    return found.model_copy(update={"n": {"versions": rounded(versions)}})


def _open(dossier: Dossier, name: str) -> Record | None:
    return open_record(dossier, name) if dossier.has(f"data/{name}.parquet") else None
