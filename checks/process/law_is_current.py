"""It was gone through lately whether the system fits the law, in the text that is in force."""

from datetime import date

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state

STARTS = {"Wpg": "wpg", "AVG": "avg"}
REGIMES = {"wpg_8": "wpg", "wpg_9": "wpg", "wpg_13": "wpg", "avg": "avg"}


def law_is_current(
    dossier: Dossier, *, max_age_days: float = 366, min_tables: float = 2
) -> Finding:
    """Was the law gone through in the past year, in the text that is in force?

    Why: a system is built on the law of its day; when the law changes, what it does can become
    forbidden without anyone touching it.

    How: the configuration must record when the law was last gone through, by whom, and for each law
    from which day the text is in force that was read. Asked are the law of the regime, and each law
    that a contract names as ground for a column. No text may be older than the one in which the
    provisions of the frameworks were read, and the day must lie at most `max_age_days` days before
    the reference date, and not after it. A fact of the record: there is no interval.

    Limits: it does not say that the system fits the law; a lawyer does. A text newer than both is
    not noticed: this toolkit asks no other host for it. Laws that no contract names are not asked.

    Remedy: go through the law in force with a lawyer, and record it under `law`.
    """
    law, on = dossier.yaml("law.yaml"), dossier.manifest.reference_date
    contracts = dossier.ingested("contract")
    needed = _needed(dossier, contracts)
    read, known = law["texts"], law["known_texts"]
    rows = [{"law": one, "read": read.get(one), "known": known.get(one)} for one in needed]
    missing = [one for one in needed if not "" < read.get(one, "") <= on.isoformat()]
    older = [one for one in needed if one not in missing and read[one] < known.get(one, "")]
    age = (on - date.fromisoformat(law["reviewed_on"])).days
    outcome, message, laws = Outcome.MET, "" if needed else "met_no_law", needed
    if len(contracts) < min_tables:
        outcome, message = Outcome.INSUFFICIENT, ""
    if not 0 <= age <= max_age_days:
        outcome, message = Outcome.NOT_MET, "too_long_ago" if age > 0 else "after"
    if older:
        outcome, message, laws = Outcome.NOT_MET, "older_text", older
    if missing:
        outcome, message, laws = Outcome.NOT_MET, "not_met", missing
    found = state(
        outcome, message, reviewed=law["reviewed_on"], laws=", ".join(laws), tables=len(contracts)
    )
    return found.model_copy(
        update={"n": {"tables": len(contracts)}, "tables": {"laws": as_rows(rows)}}
    )


def _needed(dossier: Dossier, contracts: list[str]) -> list[str]:
    """Return the laws that the data come in under."""
    grounds = [column["ground"] for name in contracts for column in dossier.json(name)["columns"]]
    named = {STARTS[ground.split()[0]] for ground in grounds if ground.split()[0] in STARTS}
    regime = REGIMES.get(dossier.manifest.regime)
    return sorted(named | ({regime} if regime else set()))
