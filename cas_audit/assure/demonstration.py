"""Keys, policy and statements for the demonstration: signed by nobody, and marked so."""

import datetime as dt
from pathlib import Path

from cas_audit.assure.framework import Framework, Point, Wanted
from cas_audit.assure.keys import PrivateKey, demonstration_key
from cas_audit.assure.policy import Policy
from cas_audit.assure.statements import Statement, sign_statement
from cas_audit.config import Config
from cas_audit.files import write_json, write_yaml

__all__ = ["POLICY", "write_demonstration"]

POLICY = "configs/policy/demonstration.yaml"
NOBODY = "Demonstratie / Demonstration"


def write_demonstration(folder: Path, framework: Framework, config: Config, seed: int) -> None:
    """Write a key for each role, a policy that binds them, and a statement for all that is asked.

    The keys follow from the seed, so that everyone can make them: what they sign counts for
    synthetic data only.
    """
    keys = {role: demonstration_key(seed, role) for role in framework.roles}
    for role, key in keys.items():
        path = folder / f"keys/{role}.pem"
        if not path.exists():
            key.write(path)
    policy = _policy(keys).model_dump(mode="json", by_alias=True, exclude_none=True)
    write_yaml(folder / POLICY, policy)
    for point in framework.points:
        for wanted in point.statements:
            statement = _statement(framework, point, wanted, config)
            signed = sign_statement(statement, framework, [keys[wanted.role]])
            write_json(folder / f"statements/{wanted.id}.dsse.json", signed)


def _policy(keys: dict[str, PrivateKey]) -> Policy:
    holders = {role: [{"name": NOBODY, "key": key.public.text}] for role, key in keys.items()}
    organisation = "Demonstratie, zonder geheime sleutels / Demonstration, without secret keys"
    return Policy.model_validate(
        {"schema": 1, "organisation": organisation, "demonstration": True, "roles": holders}
    )


def _statement(framework: Framework, point: Point, wanted: Wanted, config: Config) -> Statement:
    on = config.reference_date
    return Statement(
        framework=framework.framework,
        version=framework.version,
        point=point.id,
        statement=wanted.id,
        holds=True,
        claim="Demonstratie: niemand staat hierachter. / Nobody stands behind this.",
        role=wanted.role,
        name=NOBODY,
        date=on,
        valid_until=on + dt.timedelta(days=wanted.valid_days),
        system=config.name,
        demonstration=True,
    )
