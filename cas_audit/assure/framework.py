"""A framework file: every point of a source, and what answers it."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from cas_audit.assure.lines import line_of
from cas_audit.assure.references import find_faults
from cas_audit.audit.programme import Check, list_checks
from cas_audit.config import Strict, Text, explain, first_fault
from cas_audit.errors import ProgrammeError
from cas_audit.files import read_yaml
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
    """A check that a point needs, at which depth, and how strict it must have been.

    One that does not decide informs: its finding stands at the point and weighs in the proposed
    risk, but the answer does not turn on it. A policy can let it decide.
    """

    check: str
    depth: Depth
    decides: bool = True
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
    """Provisions that bear on a point, by law; our own mapping."""

    wpg: list[str] = []
    avg: list[str] = []
    ai_act: list[str] = []


class Point(Strict):
    """One point of a framework.

    `crosswalk` names points of other frameworks that ask for much the same, by framework file;
    `principles` the ethical principles of this framework that the point serves.
    """

    id: str
    perspective: str
    title: Text
    question: Text
    level: Literal["mostly", "partly", "person"]
    blocking: bool
    checks: list[Demand] = []
    statements: list[Wanted] = []
    law: Law = Law()
    crosswalk: dict[str, list[str]] = {}
    principles: list[str] = []

    @model_validator(mode="after")
    def _answerable(self) -> "Point":
        if not (self.statements or any(one.decides for one in self.checks)):
            message = "a point needs a check that decides, or a statement"
            raise ValueError(message)
        return self


class Framework(Strict):
    """All points of one version of a framework, in its order."""

    framework: str
    version: str
    title: Text
    source: Text
    perspectives: dict[str, Text]
    principles: dict[str, Text] = {}
    roles: dict[str, Text]
    points: Annotated[list[Point], Field(min_length=1)]


def load_framework(name: str, checks: dict[str, Check] | None = None) -> Framework:
    """Return a framework of the programme.

    Args:
        name: such as `rekenkamer-2.0`.
        checks: those that may be named; by default all of the programme.

    Raises:
        ProgrammeError: it does not exist, does not fit the schema, or names something that does
            not exist: a check, threshold, message, perspective, role, principle, provision, or
            point; with the line where that stands.
    """
    if not PLAIN_NAME.fullmatch(name):
        message = "framework: expected a plain name such as rekenkamer-2.0."
        raise ProgrammeError(message)
    path = room("reports", "frameworks", f"{name}.yaml")
    framework = _read(path)
    for fault in find_faults(name, framework, checks or list_checks()):
        message = f"{path}, line {line_of(path, fault.place)}: {fault.said}."
        raise ProgrammeError(message)
    return framework


def _read(path: Path) -> Framework:
    about = path.stat() if path.is_file() else None
    return _parsed(path, about and (about.st_mtime_ns, about.st_size))


@lru_cache(maxsize=8)
def _parsed(path: Path, changed: tuple[int, int] | None) -> Framework:
    """Parse a file once as long as it stays as it is: several steps ask for the same one."""
    del changed  # a file that changed is another
    try:
        return Framework.model_validate(read_yaml(path))
    except ValidationError as error:
        line = line_of(path, first_fault(error)["loc"])
        raise ProgrammeError(explain(f"{path}, line {line}", error)) from None
