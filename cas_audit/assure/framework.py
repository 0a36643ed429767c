"""A framework file: every point of a source, and what answers it."""

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cas_audit.audit.programme import Check, list_checks
from cas_audit.config import Strict, Text, read_record
from cas_audit.errors import ProgrammeError
from cas_audit.rooms import room

__all__ = ["Demand", "Framework", "Point", "Wanted", "load_framework"]

Depth = Literal["design", "existence", "operation"]
PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


class Bound(Strict):
    """The loosest value of a threshold that still counts as evidence."""

    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool:
        """Say whether a threshold is within the bound.

        >>> Bound(at_most=0.05).holds(0.2)
        False
        """
        too_low = self.at_least is not None and value < self.at_least
        too_high = self.at_most is not None and value > self.at_most
        return not (too_low or too_high)


class Demand(Strict):
    """A check that a point needs, at which depth, and how strict it must have been."""

    check: str
    depth: Depth
    bounds: dict[str, Bound] = {}
    accepts_not_applicable: list[str] = []


class Wanted(Strict):
    """A statement that a point needs: from which role, and how long it counts.

    One that says how often something is measured is contradicted by a measurement that is older
    than `measured_within_days`.
    """

    id: str
    role: str
    valid_days: Annotated[int, Field(ge=1)]
    text: Text
    contradicted_by: list[str] = []
    measured_within_days: Annotated[int, Field(ge=1)] | None = None


class Law(Strict):
    """Articles that bear on a point; our own mapping."""

    wpg: list[str] = []
    avg: list[str] = []
    ai_act: list[str] = []


class Point(Strict):
    """One point of a framework."""

    id: str
    perspective: str
    title: Text
    question: Text
    level: Literal["mostly", "partly", "person"]
    blocking: bool
    checks: list[Demand] = []
    statements: list[Wanted] = []
    law: Law = Law()

    @model_validator(mode="after")
    def _answerable(self) -> "Point":
        if not (self.checks or self.statements):
            message = "a point needs a check or a statement"
            raise ValueError(message)
        return self


class Framework(Strict):
    """All points of one version of a framework, in its order."""

    framework: str
    version: str
    title: Text
    source: Text
    perspectives: dict[str, Text]
    roles: dict[str, Text]
    points: Annotated[list[Point], Field(min_length=1)]


def load_framework(name: str, checks: dict[str, Check] | None = None) -> Framework:
    """Return a framework of the programme.

    Args:
        name: such as `rekenkamer-2.0`.
        checks: those that may be named; by default all of the programme.

    Raises:
        ProgrammeError: it does not exist, does not fit the schema, or names an unknown
            check, threshold, perspective or role.
    """
    if not PLAIN_NAME.fullmatch(name):
        message = "framework: expected a plain name such as rekenkamer-2.0."
        raise ProgrammeError(message)
    path = room("reports", "frameworks", f"{name}.yaml")
    framework = read_record(Framework, path, ProgrammeError)
    for fault in _faults(framework, checks or list_checks()):
        message = f"{path}: {fault}."
        raise ProgrammeError(message)
    return framework


def _faults(framework: Framework, checks: dict[str, Check]) -> list[str]:
    seen: set[str] = set()
    faults = []
    for point in framework.points:
        names = [point.id, *(wanted.id for wanted in point.statements)]
        faults += [f"{name} stands twice" for name in names if name in seen]
        seen.update(names)
        if point.perspective not in framework.perspectives:
            faults.append(f"point {point.id}: unknown perspective {point.perspective}")
        for wanted in point.statements:
            if wanted.role not in framework.roles:
                faults.append(f"point {point.id}: unknown role {wanted.role}")
        faults += [f"point {point.id}: {fault}" for fault in _unknown(point, checks)]
    return faults


def _unknown(point: Point, checks: dict[str, Check]) -> list[str]:
    named = [demand.check for demand in point.checks]
    named += [check for wanted in point.statements for check in wanted.contradicted_by]
    faults = [f"unknown check {name}" for name in named if name not in checks]
    for demand in point.checks:
        known = checks[demand.check].thresholds if demand.check in checks else demand.bounds
        faults += [
            f"{demand.check} has no threshold {name}" for name in demand.bounds if name not in known
        ]
    return faults
