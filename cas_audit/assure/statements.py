"""What a person states, by name and role, until a date."""

import datetime as dt
from pathlib import Path
from typing import Annotated

from pydantic import Field, StrictBool

from cas_audit.assure.framework import Framework, Wanted
from cas_audit.config import Strict, read_record
from cas_audit.errors import EvidenceError
from cas_audit.files import write_yaml

__all__ = ["Statement", "read_statements", "write_demonstration"]

Words = Annotated[str, Field(min_length=1, max_length=2000)]


class Statement(Strict):
    """One statement: whether what a point asks holds, who says so, and until when."""

    framework: str
    version: str
    point: str
    statement: str
    holds: StrictBool
    claim: Words
    role: str
    name: Words
    date: dt.date
    valid_until: dt.date
    demonstration: bool = False

    def is_made(self, wanted: Wanted, on: dt.date) -> bool:
        """Say whether it is about what is asked, from the right role, on or before a day."""
        about = (self.statement, self.role) == (wanted.id, wanted.role)
        return about and self.date <= on

    def is_valid(self, wanted: Wanted, on: dt.date) -> bool:
        """Say whether it still counts on a day."""
        return on <= self.valid_until and (on - self.date).days <= wanted.valid_days


def read_statements(folder: Path, framework: Framework) -> list[Statement]:
    """Return the statements in a folder, sorted by statement and date; none if it is absent.

    Raises:
        EvidenceError: a file is no statement, or is about another framework or unknown point.
    """
    known = {(p.id, wanted.id) for p in framework.points for wanted in p.statements}
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.suffix != ".yaml" or not path.is_file():
            message = f"{path} is no statement; expected files that end in .yaml."
            raise EvidenceError(message)
        statement = read_record(Statement, path, EvidenceError)
        about = (statement.framework, statement.version)
        if about != (framework.framework, framework.version):
            message = (
                f"{path} is about {' '.join(about)}; "
                f"expected {framework.framework} {framework.version}."
            )
            raise EvidenceError(message)
        if (statement.point, statement.statement) not in known:
            message = f"{path}: point {statement.point} asks for no {statement.statement}."
            raise EvidenceError(message)
        found.append(statement)
    return sorted(found, key=lambda one: (one.statement, one.date, one.name))


def write_demonstration(
    folder: Path, framework: Framework, on: dt.date, denied: dict[str, str] | None = None
) -> None:
    """Write a statement for everything a framework asks, marked as demonstration.

    Such statements count for synthetic data only: nobody stands behind them.

    Args:
        folder: where to write them.
        framework: whose points are stated.
        on: the day of the statements.
        denied: claims by statement; when given, these alone are written, and deny.
    """
    for point in framework.points:
        for wanted in point.statements:
            if denied is not None and wanted.id not in denied:
                continue
            nobody = "Demonstratie: niemand staat hierachter. / Nobody stands behind this."
            statement = Statement(
                framework=framework.framework,
                version=framework.version,
                point=point.id,
                statement=wanted.id,
                holds=denied is None,
                claim=nobody if denied is None else denied[wanted.id],
                role=wanted.role,
                name="Demonstratie / Demonstration",
                date=on,
                valid_until=on + dt.timedelta(days=wanted.valid_days),
                demonstration=True,
            )
            write_yaml(folder / f"{wanted.id}.yaml", statement.model_dump(mode="json"))
