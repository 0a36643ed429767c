"""Keys, policy and statements for the demonstration: signed by nobody, and marked so."""

import datetime as dt
from collections.abc import Mapping
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


def write_demonstration(
    folder: Path,
    framework: Framework,
    config: Config,
    seed: int,
    denied: Mapping[str, str] | None = None,
) -> None:
    """Write a key for each role, a policy that binds them, and a statement for all that is asked.

    The keys follow from the seed, so that everyone can make them: what they sign counts for
    synthetic data only.

    Args:
        folder: gains `keys/`, a policy beside the configurations, and `statements/`.
        framework: whose points are stated.
        config: says which system the statements are about, and on which day they were made.
        seed: of the keys.
        denied: claims by statement; when given, these alone are written, and deny.
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
            if denied is not None and wanted.id not in denied:
                continue
            statement = _statement(framework, point, wanted, config)
            if denied is not None:
                statement = statement.model_copy(
                    update={"holds": False, "claim": denied[wanted.id]}
                )
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
