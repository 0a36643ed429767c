"""No feature of the model is made of data about suspects or other persons."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state


def no_source_about_suspects(dossier: Dossier, *, max_features: float = 0) -> Finding:
    """Is the model made without data about suspects or other known persons?

    Why: counts of suspects say where persons live whom the police know; that carries past attention
    into the forecast, and weighs on all who live beside them.

    How: features whose source is about persons are counted; the description of features is written
    by the forecast itself. A fact of the record: there is no interval.

    Limits: incidents are about victims too, which this check leaves to the contract. A feature of
    someone else's model is about persons only if its description says so. Area figures can
    stand for persons without being about them.

    Remedy: strike the source from the configuration.
    """
    features = dossier.json("model/features.json")
    if not features:
        return state(Outcome.INSUFFICIENT, features=0, persons=0)
    about = [feature for feature in features if feature["about_persons"]]
    outcome = Outcome.MET if len(about) <= max_features else Outcome.NOT_MET
    found = state(outcome, features=len(features), persons=len(about))
    rows = as_rows([{"feature": one["name"], "source": one["source"]} for one in about])
    return found.model_copy(
        update={"n": {"features": len(features)}, "tables": {"features": rows} if rows else {}}
    )
