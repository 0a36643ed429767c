"""The child process that reads a table, lets in what may come in, and ends.

Rows, exact places and exact moments live and go down with this process: only counts leave it, as
Arrow on stdout. The job comes on stdin, so that no list of processes shows a database's URL. What
goes wrong is said on stderr as one line of JSON that holds kinds, places and column names of the
contract, never a value: a header can be data too. Where the parent draws progress, the number of
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
from cas_audit.ingest.faults import Broken
from cas_audit.ingest.forecasts import admit_forecasts
from cas_audit.ingest.formats import open_table, read_names
from cas_audit.ingest.grid import Grid
from cas_audit.ingest.incidents import admit_incidents
from cas_audit.ingest.names import Unfit, resembles
from cas_audit.ingest.opened import Opened
from cas_audit.ingest.question import Ground, Question
from cas_audit.ingest.scan import find_identifiers
from cas_audit.ingest.sieve import Sieve
from cas_audit.ingest.values import scan

__all__: list[str] = []


def main() -> None:
    """Do the job on stdin; leave with 1 and one line on stderr where that fails."""
    try:
        job = json.loads(sys.stdin.buffer.readline())
        if job["task"] == "header":
            dialect = Dialect.model_validate(job["dialect"])
            sys.stdout.write(json.dumps(read_names(job, dialect)))
            return
        contract = Contract.model_validate(job["contract"])
        opened = open_table(job, contract)
        opened = opened._replace(pieces=_counted(opened.pieces, job["progress"]))
        tables = (_areas if job["task"] == "areas" else _rows)(job, contract, opened)
        sink = io.BytesIO()
        for table in tables:
            with pa.ipc.new_stream(sink, table.schema) as stream:
                stream.write_table(table)
        sys.stdout.buffer.write(sink.getbuffer())
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


def _counted(pieces: Iterable[pa.Table], pipe: int | None) -> Iterator[pa.Table]:
    """Say after each piece how many rows were read so far, where somebody listens; no more."""
    rows = 0
    for piece in pieces:
        yield piece
        rows += piece.num_rows
        if pipe is not None:
            with suppress(BrokenPipeError):  # a drawing that ended is no reason to stop reading
                os.write(pipe, b"%d\n" % rows)


def _areas(job: dict[str, Any], contract: Contract, opened: Opened) -> list[pa.Table]:
    """Let the admitted figures of areas through as they are, with their outlines."""
    del job
    pieces = list(opened.pieces)
    if not pieces:
        _fail({"kind": "empty"})
    table = pa.concat_tables(pieces)
    sieve = Sieve(table.num_rows)
    scan(table, contract, sieve)
    said = {"scanned": sieve.tally.scanned, "crs": opened.crs, **_offered(opened)}
    return [_saying(table, said)]


def _rows(job: dict[str, Any], contract: Contract, opened: Opened) -> list[pa.Table]:
    """Let rows through as counts."""
    question = Question.model_validate(job["question"])
    area = np.frombuffer(sys.stdin.buffer.read(), dtype=np.int32)
    ground = Ground(Grid(**job["grid"]), area, job["codes"])
    if contract.table == "incidents":
        *tables, tally = admit_incidents(
            opened.pieces, contract, question, ground, full=job["full"]
        )
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
