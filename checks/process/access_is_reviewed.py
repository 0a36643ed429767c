"""Rights were reviewed lately, and none is left to somebody who left or to nobody."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome
from cas_audit.audit.record import cautious, rounded, state
from cas_audit.audit.records import Record, open_record


def access_is_reviewed(
    dossier: Dossier,
    *,
    max_months: float = 12,
    max_late_share: float = 0.02,
    max_left: float = 0,
    max_unowned: float = 0,
    min_rights: float = 5,
) -> Finding:
    """Is each right to reach the system still needed, and does each account have somebody to it?

    Why: who may reach data and model changes faster than lists do; nobody misses a right that
    should have gone. Of CAS it was said in 2022 that there was no such overview.

    How: from the access export, a row for each right of an account. Late are rights that were
    neither granted nor reviewed in the last `max_months` months before the reference date, over the
    rights of those in service. Rights of people who left are counted, and shared or technical
    accounts for which nobody answers. A count of the record: there is no interval. One to four are
    shown as four, so that the finding can be shown to anyone; it is judged on the true ones.

    Limits: the export is what the organisation handed in; an account that is not in it is not seen.
    A date of review does not say how well somebody looked. Only the directory knows who left.

    Remedy: go through the rights with those who own the system, and withdraw what is not needed.
    """
    access = open_record(dossier, "access")
    rights, late = access.total("rights"), _late(access, max_months)
    left, unowned = access.total("left"), access.total("unowned")
    here = rights - left
    outcome, message = Outcome.MET, ""
    if not access.tells("left"):
        outcome, message = Outcome.INSUFFICIENT, "leavers_not_told"
    elif not access.tells("unowned"):
        outcome, message = Outcome.INSUFFICIENT, "owners_not_told"
    if here < min_rights:
        outcome, message = Outcome.INSUFFICIENT, ""
    if here and late / here > max_late_share:
        outcome, message = Outcome.NOT_MET, "late"
    if unowned > max_unowned:
        outcome, message = Outcome.NOT_MET, "unowned"
    if left > max_left:
        outcome, message = Outcome.NOT_MET, "left"
    shown = {"late": cautious(late), "left": cautious(left), "unowned": cautious(unowned)}
    total = rounded(cautious(rights))
    found = state(outcome, message, rights=total, **shown)
    rows = [{"kind": kind, "rights": number} for kind, number in shown.items()]
    return found.model_copy(update={"n": {"rights": total}, "tables": {"rights": rows}})


def _late(access: Record, months: float) -> int:
    return access.total("never_reviewed") + access.total("reviewed", before=months)
