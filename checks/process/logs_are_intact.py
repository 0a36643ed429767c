"""The log has no hole, no entry out of order, and no month without a word."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome
from cas_audit.audit.record import cautious, rounded, state
from cas_audit.audit.records import open_record

FAULTS = ("gaps", "broken_link", "back")


def logs_are_intact(
    dossier: Dossier,
    *,
    max_faults: float = 0,
    max_silent_months: float = 0,
    min_months: float = 6,
    min_entries: float = 100,
) -> Finding:
    """Is the log whole: no entry missing, none out of order, no month without any?

    Why: a log from which something can be taken out unseen proves nothing of what was done.

    How: from the exported log, entry by entry in the order of the export. A gap is a number that
    does not follow the one before; a broken link is an entry that does not name the digest of the
    one before, or has none itself; back is a moment more than an hour before that of the entry
    before (a clock on the spot goes back an hour in autumn). Months between the first entry and the
    reference date without any are silent. The log must reach back `min_months` months. A count of
    the record: there is no interval. One to four are shown as four; it is judged on the true ones.

    Limits: what the entries say is not read, so a digest is not computed again: whoever forges the
    whole chain is not seen. Entries cut off before the first are not missed. Whether all is logged
    that should be, and whether somebody looks at it, is for a person to state.

    Remedy: find what happened at the gap, keep the log where administrators cannot write, and have
    each entry carry the digest of the one before.
    """
    record = open_record(dossier, "log")
    entries, seen = record.total("entries"), record.months("entries")
    faults = {kind: record.total(kind) for kind in FAULTS if record.tells(kind)}
    oldest = max(seen, default=0)
    silent = len(set(range(1, oldest + 1)) - set(seen))
    outcome, message = Outcome.MET, ""
    if entries < min_entries:
        outcome, message = Outcome.INSUFFICIENT, ""
    elif oldest < min_months:
        outcome, message = Outcome.INSUFFICIENT, "too_short"
    if silent > max_silent_months:
        outcome, message = Outcome.NOT_MET, "silent"
    if sum(faults.values()) > max_faults:
        outcome, message = Outcome.NOT_MET, ""
    shown = {kind: cautious(number) for kind, number in faults.items()}
    values = {"entries": rounded(entries), "months": oldest, "silent": silent}
    found = state(outcome, message, **values, faults=sum(shown.values()))
    rows = [{"kind": kind, "entries": number} for kind, number in shown.items()]
    return found.model_copy(
        update={"n": {"entries": rounded(entries)}, "tables": {"entries": rows}}
    )
