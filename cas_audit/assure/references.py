"""What a framework names and does not exist: each fault with the place where it stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from cas_audit.assure.laws import list_laws
from cas_audit.assure.lines import Place
from cas_audit.audit.programme import Check
from cas_audit.errors import ProgrammeError
from cas_audit.files import read_yaml
from cas_audit.rooms import room

if TYPE_CHECKING:
    from cas_audit.assure.framework import Demand, Framework, Point

__all__ = ["Fault", "find_faults"]


@dataclass(frozen=True)
class Fault:
    """Something that does not resolve, and where it stands in the file."""

    place: Place
    said: str


def find_faults(name: str, framework: "Framework", checks: dict[str, Check]) -> Iterator[Fault]:
    """Yield all that does not resolve in a framework.

    Args:
        name: of its file, such as `rekenkamer-2.0`.
        framework: as it was read.
        checks: those that may be named.
    """
    if name not in {framework.framework, f"{framework.framework}-{framework.version}"}:
        yield Fault(("framework",), f"{framework.framework} is not what the file is called")
    seen: set[str] = set()
    for number, point in enumerate(framework.points):
        for place, said in _of_point(framework, point, checks, seen):
            yield Fault(("points", number, *place), f"point {point.id}: {said}")


def _of_point(
    framework: "Framework", point: "Point", checks: dict[str, Check], seen: set[str]
) -> Iterator[tuple[Place, str]]:
    if point.id in seen:
        yield ("id",), f"{point.id} stands twice"
    seen.add(point.id)
    if point.perspective not in framework.perspectives:
        yield ("perspective",), f"unknown perspective {point.perspective}"
    for number, demand in enumerate(point.checks):
        for place, said in _of_demand(demand, checks):
            yield ("checks", number, *place), said
    yield from _of_statements(framework, point, checks, seen)
    for number, principle in enumerate(point.principles):
        if principle not in framework.principles:
            yield ("principles", number), f"unknown principle {principle}"
    yield from _of_law(point)
    yield from _of_crosswalk(point)


def _of_demand(demand: "Demand", checks: dict[str, Check]) -> Iterator[tuple[Place, str]]:
    if demand.check not in checks:
        yield ("check",), f"unknown check {demand.check}"
        return
    for name in demand.bounds:
        if name not in checks[demand.check].thresholds:
            yield ("bounds", name), f"{demand.check} has no threshold {name}"
    for number, message in enumerate(demand.accepts_not_applicable):
        if message not in _messages(demand.check):
            yield ("accepts_not_applicable", number), f"{demand.check} never says {message}"


def _of_statements(
    framework: "Framework", point: "Point", checks: dict[str, Check], seen: set[str]
) -> Iterator[tuple[Place, str]]:
    for number, wanted in enumerate(point.statements):
        place = ("statements", number)
        if wanted.id.rpartition(".")[0] != point.id:
            yield (*place, "id"), f"statement {wanted.id} has the number of another point"
        if wanted.id in seen:
            yield (*place, "id"), f"{wanted.id} stands twice"
        seen.add(wanted.id)
        if wanted.role not in framework.roles:
            yield (*place, "role"), f"unknown role {wanted.role}"
        for order, check in enumerate(wanted.contradicted_by):
            if check not in checks:
                yield (*place, "contradicted_by", order), f"unknown check {check}"


def _of_law(point: "Point") -> Iterator[tuple[Place, str]]:
    for key, law in list_laws().items():
        for number, provision in enumerate(getattr(point.law, key)):
            if provision not in law.provisions:
                yield ("law", key, number), f"unknown provision {law.short.en} {provision}"


def _of_crosswalk(point: "Point") -> Iterator[tuple[Place, str]]:
    for name, ids in point.crosswalk.items():
        try:
            known = _ids(name)
        except ProgrammeError:
            yield ("crosswalk", name), f"unknown framework {name}"
            continue
        for number, one in enumerate(ids):
            if one not in known:
                yield ("crosswalk", name, number), f"{name} has no point {one}"


@cache
def _ids(name: str) -> frozenset[str]:
    """Return the numbers of the points of another framework, which need not be sound itself."""
    raw = read_yaml(room("reports", "frameworks", f"{name}.yaml"))
    return frozenset(str(point["id"]) for point in raw["points"])


@cache
def _messages(check: str) -> frozenset[str]:
    """Return what a check can say."""
    return frozenset(
        read_yaml(room("reports", "locale", "checks", f"{check}.yaml"))["en"]["sentences"]
    )
