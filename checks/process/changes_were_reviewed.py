"""Changes were reviewed by somebody else, and tested before they went out."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome
from cas_audit.audit.record import cautious, rounded, state
from cas_audit.audit.records import open_record


def changes_were_reviewed(
    dossier: Dossier,
    *,
    max_months: float = 12,
    max_unreviewed_share: float = 0.05,
    max_untested: float = 0,
    min_changes: float = 10,
) -> Finding:
    """Was each change looked at by somebody other than its author, and tested before its release?

    Why: a change that nobody else saw can break the model, or bring back what was taken out of it.

    How: from the record of changes of the last `max_months` months before the reference date. Not
    reviewed is a change without a reviewer, or with its author as the only one. Changes that went
    out in a version without tests that passed are counted too. Names are compared in the process
    that reads the table and go no further. A count of the record: there is no interval. One to
    four are shown as four and totals rounded to ten; it is judged on the true ones.

    Limits: a name under a change does not say how well somebody looked. A change that was never
    recorded is not seen. What the tests ask is not looked at. One person under two accounts counts
    as two.

    Remedy: let nothing be accepted without a second name and a test that passed; the system that
    holds the code can enforce both.
    """
    record = open_record(dossier, "changes")
    changes = record.total("changes", within=max_months)
    unreviewed = sum(
        record.total(kind, within=max_months) for kind in ("by_author", "without_reviewer")
    )
    untested = record.total("released_untested", within=max_months)
    outcome, message = Outcome.MET, ""
    if not record.tells("released_untested"):
        outcome, message = Outcome.INSUFFICIENT, "tests_not_told"
    elif not record.total("released", within=max_months):
        outcome, message = Outcome.INSUFFICIENT, "nothing_released"
    if changes < min_changes:
        outcome, message = Outcome.INSUFFICIENT, ""
    if untested > max_untested:
        outcome, message = Outcome.NOT_MET, "untested"
    if changes and unreviewed / changes > max_unreviewed_share:
        outcome, message = Outcome.NOT_MET, "unreviewed"
    shown = {"unreviewed": cautious(unreviewed), "untested": cautious(untested)}
    total = rounded(cautious(changes))
    found = state(outcome, message, changes=total, **shown)
    rows = [{"kind": kind, "changes": number} for kind, number in shown.items()]
    return found.model_copy(update={"n": {"changes": total}, "tables": {"changes": rows}})
