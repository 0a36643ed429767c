"""The policy of an organisation: what it demands, who may state what, what it puts up with.

It tightens what a framework demands and never loosens it: where it asks for less, the framework's
bound stays and the policy is said to be looser. A waiver shows as a waiver, never as an answer.
"""

import unicodedata
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from cas_audit.assure.framework import Bound, Demand, Framework
from cas_audit.assure.keys import PublicKey
from cas_audit.assure.signing import Sha256
from cas_audit.audit.programme import Check, list_checks
from cas_audit.config import Strict, Text, read_record
from cas_audit.errors import ConfigError
from cas_audit.rooms import room

__all__ = ["EMPTY", "Holder", "Level", "Line", "Looser", "Plain", "Policy", "Waiver", "load_policy"]

UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
LONGEST_WAIVER = timedelta(days=366)
Level = Literal["small", "medium", "large"]


def _without_tricks(text: str) -> str:
    """Refuse what could steer a terminal or turn the order of letters on a page."""
    if any(unicodedata.category(one) in UNSEEN and one != "\n" for one in text):
        message = "holds control characters"
        raise ValueError(message)
    if not text.strip():
        message = "is blank"
        raise ValueError(message)
    return text


def _on_one_line(text: str) -> str:
    """Refuse a second line: in a list it would read as an entry of its own."""
    if "\n" in text:
        message = "holds more than one line"
        raise ValueError(message)
    return _without_tricks(text)


Plain = Annotated[
    str, Field(min_length=1, max_length=2000), AfterValidator(_without_tricks)
]  # what a person typed
Line = Annotated[
    str, Field(min_length=1, max_length=200), AfterValidator(_on_one_line)
]  # a name, or what stands on a line with others


class Tolerance(Bound):
    """The loosest value of a threshold that this organisation accepts; it binds until renewed."""

    owner: Line
    reason: Plain
    basis: Literal["legal", "chosen"]
    until: date

    @model_validator(mode="after")
    def _bounds(self) -> "Tolerance":
        if self.at_least is None and self.at_most is None:
            message = "expected at_least or at_most"
            raise ValueError(message)
        return self


class Waiver(Strict):
    """A point that may stay unanswered for a while: who answers for that, why, and until when."""

    point: str
    owner: Line
    reason: Plain
    since: date
    until: date

    @model_validator(mode="after")
    def _ends(self) -> "Waiver":
        if not self.since <= self.until <= self.since + LONGEST_WAIVER:
            message = f"expected an end within {LONGEST_WAIVER.days} days after the beginning"
            raise ValueError(message)
        return self


class Treated(Strict):
    """A risk at a point: who treats it, how, and when it is looked at again."""

    point: str
    owner: Line
    treatment: Plain
    review: date
    level: Level | None = None


class Holder(Strict):
    """A person who holds a role, known by a key."""

    name: Line
    key: str
    since: date | None = None
    until: date | None = None

    @field_validator("key")
    @classmethod
    def _is_key(cls, value: str) -> str:
        return PublicKey(value).text

    @cached_property
    def public(self) -> PublicKey:
        """The key."""
        return PublicKey(self.key)

    def holds_on(self, day: date) -> bool:
        """Say whether the role was held on a day."""
        return (self.since or day) <= day <= (self.until or day)


class RevokedKey(Strict):
    """A key that counts for nothing any more: whoever has it could write any date."""

    key: Sha256
    since: date  # not `on`, which YAML reads as true
    reason: Plain


class Specific(Strict):
    """What the policy says of the points of one framework."""

    blocks: list[str] = []
    waivers: list[Waiver] = []
    risks: list[Treated] = []

    @model_validator(mode="after")
    def _once(self) -> "Specific":
        for said in (self.blocks, [one.point for one in self.risks]):
            if len(set(said)) < len(said):
                message = "names a point twice"
                raise ValueError(message)
        return self


class Looser(Strict):
    """Where a policy asks for less than a framework, whose bound stays."""

    point: str
    check: str
    threshold: str


class Policy(Strict):
    """The policy of an organisation.

    `deciding` names checks that decide wherever the framework lets them inform.
    `other_roles` are roles that the framework does not know, such as `developer`.
    `measure_every_days` says how old a measurement may be. With `demonstration` the keys are no
    secret, so statements count for synthetic data only.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    organisation: str = ""
    demonstration: bool = False
    tolerances: dict[str, dict[str, Tolerance]] = {}
    measure_every_days: dict[str, Annotated[int, Field(ge=1)]] = {}
    deciding: list[str] = []
    frameworks: dict[str, Specific] = {}
    other_roles: dict[str, Text] = {}
    roles: dict[str, list[Holder]] = {}
    revoked_keys: list[RevokedKey] = []

    @model_validator(mode="after")
    def _one_name_a_key(self) -> "Policy":
        names: dict[str, str] = {}
        for holder in (one for holders in self.roles.values() for one in holders):
            if names.setdefault(holder.public.id, holder.name) != holder.name:
                message = "a key is bound to two names"
                raise ValueError(message)
        return self

    @cached_property
    def keys(self) -> dict[str, PublicKey]:
        """Every key that is bound to a role, by id; also the revoked."""
        return {one.public.id: one.public for holders in self.roles.values() for one in holders}

    @cached_property
    def revoked(self) -> set[str]:
        """The ids of revoked keys."""
        return {one.key for one in self.revoked_keys}

    def holders(self, role: str, key: str, on: date) -> list[Holder]:
        """Return who held a role with a key on a day; nobody when the key is revoked."""
        if key in self.revoked:
            return []
        held = self.roles.get(role, [])
        return [one for one in held if one.public.id == key and one.holds_on(on)]

    def roles_of(self, key: str) -> list[str]:
        """Return the roles a key is bound to."""
        return sorted(
            role for role, held in self.roles.items() if any(one.public.id == key for one in held)
        )

    def about(self, framework: Framework) -> Specific:
        """Return what is said of one framework."""
        return self.frameworks.get(_name(framework), Specific())

    def waiver(self, framework: Framework, point: str, on: date) -> Waiver | None:
        """Return the waiver of a point that lasts longest of those that began, if any."""
        begun = [
            one for one in self.about(framework).waivers if one.point == point and one.since <= on
        ]
        return max(begun, key=lambda one: one.until, default=None)

    def tighten(self, framework: Framework) -> Framework:
        """Return a framework that demands whatever is stricter, of itself or of this policy."""
        blocks = self.about(framework).blocks
        points = [
            point.model_copy(
                update={
                    "blocking": point.blocking or point.id in blocks,
                    "checks": [self._tighter(demand) for demand in point.checks],
                }
            )
            for point in framework.points
        ]
        return framework.model_copy(update={"points": points})

    def _tighter(self, demand: Demand) -> Demand:
        own = self.tolerances.get(demand.check, {})
        bounds = {
            name: _stricter(demand.bounds.get(name, Bound()), own.get(name, Bound()))
            for name in sorted(demand.bounds.keys() | own.keys())
        }
        decides = demand.decides or demand.check in self.deciding
        return demand.model_copy(update={"bounds": bounds, "decides": decides})

    def looser(self, framework: Framework) -> list[Looser]:
        """Say where this policy asks for less than a framework."""
        return [
            Looser(point=point.id, check=demand.check, threshold=name)
            for point in framework.points
            for demand in point.checks
            for name, own in self.tolerances.get(demand.check, {}).items()
            if name in demand.bounds and _is_looser(own, demand.bounds[name])
        ]


EMPTY = Policy(schema=1)


def load_policy(path: Path, framework: Framework, checks: dict[str, Check] | None = None) -> Policy:
    """Read a policy.

    Args:
        path: the file (YAML).
        framework: whose points and roles it may name.
        checks: those it may name; by default all of the programme.

    Raises:
        ConfigError: it does not fit its schema, or names an unknown point, check, threshold, role
            or key.
    """
    policy = read_record(Policy, path, ConfigError)
    for fault in _faults(policy, framework, list_checks() if checks is None else checks):
        message = f"{path}: {fault}."
        raise ConfigError(message)
    return policy


def _faults(policy: Policy, framework: Framework, checks: dict[str, Check]) -> list[str]:
    faults = [
        f"unknown role {role}" for role in policy.roles if not _known(policy, framework, role)
    ]
    faults += [f"unknown framework {name}" for name in policy.frameworks if not _is_there(name)]
    points = {point.id for point in framework.points}
    own = policy.about(framework)
    named = [*own.blocks, *(one.point for one in own.waivers), *(one.point for one in own.risks)]
    faults += [f"unknown point {name}" for name in named if name not in points]
    named = [*policy.tolerances, *policy.measure_every_days, *policy.deciding]
    faults += [f"unknown check {name}" for name in named if name not in checks]
    faults += [
        f"{check} has no threshold {name}"
        for check, own_bounds in policy.tolerances.items()
        for name in own_bounds
        if check in checks and name not in checks[check].thresholds
    ]
    return faults + [
        f"revoked key {key[:12]} is bound to no role"
        for key in sorted(policy.revoked - policy.keys.keys())
    ]


def _known(policy: Policy, framework: Framework, role: str) -> bool:
    return role in framework.roles or role in policy.other_roles


def _is_there(framework: str) -> bool:
    """Say whether a framework is one of the programme: what is said of another would be unheard."""
    return framework in {path.stem for path in room("reports", "frameworks").glob("*.yaml")}


def _name(framework: Framework) -> str:
    return f"{framework.framework}-{framework.version}"


def _stricter(one: Bound, other: Bound) -> Bound:
    lowest = [bound.at_least for bound in (one, other) if bound.at_least is not None]
    highest = [bound.at_most for bound in (one, other) if bound.at_most is not None]
    return Bound(at_least=max(lowest, default=None), at_most=min(highest, default=None))


def _is_looser(own: Bound, demanded: Bound) -> bool:
    low = own.at_least is not None and demanded.at_least is not None
    high = own.at_most is not None and demanded.at_most is not None
    return (low and own.at_least < demanded.at_least) or (  # type: ignore[operator]
        high and own.at_most > demanded.at_most  # type: ignore[operator]
    )
