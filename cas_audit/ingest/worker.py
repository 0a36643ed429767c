"""The child process that reads tables, lets in what may come in, and ends.

Rows, exact places and exact moments live and go down with this process: only counts leave it, as
Arrow on stdout. The jobs come on stdin, so that no list of processes shows a database's URL. Each
job is announced on stderr, so that a child that dies is known to have died of that one. What goes
wrong is said there as one line of JSON that holds kinds, places and column names of the contract,
never a value: a header can be data too. Where the parent draws progress, the number of
rows read so far goes through a pipe of its own.
"""

import io
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa

from cas_audit.ingest.contract import Contract, Dialect
from cas_audit.ingest.counts import admit_counts
from cas_audit.ingest.faults import BEGUN, Broken
from cas_audit.ingest.forecasts import admit_forecasts
from cas_audit.ingest.formats import open_table, read_names
from cas_audit.ingest.grid import Grid
from cas_audit.ingest.incidents import admit_incidents
from cas_audit.ingest.names import Unfit, resembles
from cas_audit.ingest.opened import Opened
from cas_audit.ingest.question import Ground, Question
from cas_audit.ingest.records import RECORDS, admit_records
from cas_audit.ingest.scan import find_identifiers
from cas_audit.ingest.sieve import Sieve
from cas_audit.ingest.values import scan

__all__: list[str] = []


def main() -> None:
    """Do the jobs on stdin; leave with 1 and one line on stderr where one fails."""
    try:
        request = json.loads(sys.stdin.buffer.readline())
        [first, *_] = request["jobs"]
        if first["task"] == "header":
            dialect = Dialect.model_validate(first["dialect"])
            sys.stdout.write(json.dumps(read_names(first, dialect)))
            return
        sys.stdout.buffer.write(_do_all(request).getbuffer())
    except Unfit as error:
        _fail(json.loads(str(error)))
    except Broken as error:
        _fail(error.said)
    except SystemExit:
        raise
    except BrokenPipeError:
        sys.exit(1)  # nobody listens any more
    except BaseException as error:  # noqa: BLE001 - the text of any of them could quote the source
        _fail({"kind": "broken", "error": type(error).__name__})


def _do_all(request: dict[str, Any]) -> io.BytesIO:
    ground, rows, sink = _ground(request), _Counted(request["progress"]), io.BytesIO()
    for job in request["jobs"]:
        sys.stderr.write(f"\n{BEGUN}\n")
        sys.stderr.flush()
        contract = Contract.model_validate(job["contract"])
        opened = open_table(job, contract)
        opened = opened._replace(pieces=rows.count(opened.pieces))
        tables = _rows(job, contract, opened, ground) if ground else _areas(contract, opened)
        for table in tables:
            with pa.ipc.new_stream(sink, table.schema) as stream:
                stream.write_table(table)
    return sink


def _ground(request: dict[str, Any]) -> Ground | None:
    """Return grid and areas; there are none yet while the areas themselves are read."""
    if "grid" not in request:
        return None
    area = np.frombuffer(sys.stdin.buffer.read(), dtype=np.int32)
    return Ground(Grid(**request["grid"]), area, request["codes"])


class _Counted:
    """Says after each piece how many rows were read so far, where somebody listens; no more."""

    def __init__(self, pipe: int | None) -> None:
        self._pipe, self._rows = pipe, 0

    def count(self, pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Yield the pieces, each counted once it was dealt with."""
        for piece in pieces:
            yield piece
            self._rows += piece.num_rows
            if self._pipe is not None:
                with suppress(BrokenPipeError):  # a drawing that ended is no reason to stop
                    os.write(self._pipe, b"%d\n" % self._rows)


def _areas(contract: Contract, opened: Opened) -> list[pa.Table]:
    """Let the admitted figures of areas through as they are, with their outlines."""
    pieces = list(opened.pieces)
    if not pieces:
        _fail({"kind": "empty"})
    table = pa.concat_tables(pieces)
    sieve = Sieve(table.num_rows)
    scan(table, contract, sieve)
    said = {"scanned": sieve.tally.scanned, "crs": opened.crs, **_offered(opened)}
    return [_saying(table, said)]


def _rows(
    job: dict[str, Any], contract: Contract, opened: Opened, ground: Ground
) -> list[pa.Table]:
    """Let rows through as counts."""
    question = Question.model_validate(job["question"])
    if contract.table == "incidents":
        *tables, tally = admit_incidents(
            opened.pieces, contract, question, ground, full=job["full"]
        )
    elif contract.table in RECORDS:
        table, tally = admit_records(opened.pieces, contract, question)
        tables = [table]
    else:
        admit = admit_forecasts if contract.table == "forecasts" else admit_counts
        table, tally = admit(opened.pieces, contract, question, ground)
        tables = [table]
    if not tally.offered:
        _fail({"kind": "empty"})
    content = opened.content.hexdigest() if opened.content else None
    said = {"tally": asdict(tally), "content": content, **_offered(opened)}
    return [_saying(tables[0], said), *tables[1:]]


def _offered(opened: Opened) -> dict[str, Any]:
    """Name what was refused; a name that looks like an identifier is not repeated."""
    names = opened.refused
    hit = np.zeros(len(names), dtype=bool)
    for mask in find_identifiers(pa.array(names, pa.string())).values():
        hit |= mask
    shown = [name for name, one in zip(names, hit, strict=True) if not one]
    likes = {name: what for name in shown if (what := resembles(name))}
    return {"refused": shown, "withheld_names": int(hit.sum()), "resembling": likes}


def _saying(table: pa.Table, said: dict[str, Any]) -> pa.Table:
    return table.replace_schema_metadata({"said": json.dumps(said)})


def _fail(said: dict[str, Any]) -> NoReturn:
    sys.stderr.write("\n" + json.dumps(said) + "\n")
    sys.exit(1)


def _end() -> NoReturn:
    """End at once: threads that read ahead are not waited for, and say nothing when cut short."""
    code = 0
    try:
        main()
    except SystemExit:
        code = 1
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _end()
