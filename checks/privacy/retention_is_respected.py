"""No record is older than its retention period allows."""

import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome
from cas_audit.audit.record import state


def retention_is_respected(
    dossier: Dossier, *, max_years: float = 5, min_weeks: float = 4
) -> Finding:
    """Is every record younger than its retention period allows?

    Why: what must be destroyed may not live on in a model.

    How: the Monday of the oldest admitted week against the reference date less the shortest of:
    the retention of the incidents' contract, that of the configuration, and `max_years`. Open data
    has no such period: there the check does not apply. A fact of the record: no interval.

    Limits: the age is that of the incident, while a legal period can run from another moment.
    Whether the source itself destroyed its records is not seen.

    Remedy: begin the history later; train again on what may still be kept.
    """
    if dossier.manifest.regime == "open_data":
        return state(Outcome.NOT_APPLICABLE, "not_applicable_open_data")
    quality = dossier.json("data/quality.json")
    contract = dossier.json("ingest/incidents.contract.json")
    receipt = dossier.json("ingest/incidents.receipt.json")
    years = [column["retention_years"] for column in contract["columns"]]
    allowed = min([*years, receipt["retention_years"], int(max_years)])
    limit = pd.Timestamp(dossier.manifest.reference_date) - pd.DateOffset(years=allowed)
    oldest = pd.Timestamp(quality["oldest_week"])
    outcome = Outcome.MET if quality["weeks"] >= min_weeks else Outcome.INSUFFICIENT
    if oldest < limit - pd.Timedelta(days=limit.day_of_week):  # the week in which the limit falls
        outcome = Outcome.NOT_MET
    found = state(outcome, oldest=f"{oldest:%Y-%m-%d}", limit=f"{limit:%Y-%m-%d}", years=allowed)
    return found.model_copy(update={"n": {"weeks": quality["weeks"]}})
