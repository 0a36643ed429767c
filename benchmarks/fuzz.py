"""Malformed sources and contracts by the thousand: each ends in a sentence, or is read whole.

    python benchmarks/fuzz.py --inputs 20000 --out docs/measured/fuzz.md

Sources are read as the child reads them, outlines also as they are then taken in hand, many in one
process: what ends the process, or takes longer than a second limit, is counted, and a new process
goes on behind it. A canary stands in every refused column, and no message may hold it. An input is
made from its number alone: `--only 17` reads that one and shows what becomes of it.
"""

import argparse
import json
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from spoils import CANARY, NAMES, spoil, whole

from cas_audit.config import Source, read_record
from cas_audit.errors import CasAuditError, ContractError
from cas_audit.ingest.contract import Contract, load_contract
from cas_audit.ingest.counts import admit_counts
from cas_audit.ingest.faults import Broken
from cas_audit.ingest.formats import open_table
from cas_audit.ingest.grid import Grid, build_grid, keep_cells
from cas_audit.ingest.names import Unfit
from cas_audit.ingest.question import Ground, Question
from cas_audit.ingest.residents import demand_once, spread_residents
from cas_audit.ingest.sieve import Sieve
from cas_audit.ingest.sources import FORMATS, demand_file, outline
from cas_audit.ingest.values import scan

STOPS, AREAS = load_contract("stops"), load_contract("areas")
GROUND = Ground(
    Grid("EPSG:28992", 125.0, 120_000.0, 486_000.0, 40, 40), np.zeros(1600, dtype=np.int32), ["a"]
)
QUESTION = Question.model_validate(
    {"themes": ["a"], "channels": ["brought"], "reference_date": "2026-01-05", "years": 5}
)
PATIENCE_S = 20
BATCH = 500
MOST_BYTES = 6 << 30
ENDS = ("refused", "read", "died", "hung", "unworded")


def _read(path: Path, kind: str) -> None:
    """Read a source as the child does, and as its answer is then taken in hand."""
    if kind == "contract":
        read_record(Contract, path, ContractError)
        return
    if kind == "database":
        job = {"format": "database", "database": f"sqlite:///{path}", "table": "stops"}
    else:
        demand_file(path, "t", (path.suffix,))
        job = {"format": FORMATS[path.suffix], "path": str(path)}
    if kind in {"geojson", "gpkg"}:
        _areas(path, job)
        return
    opened = open_table(job, STOPS)
    admit_counts(opened.pieces, STOPS, QUESTION, GROUND)


def _areas(path: Path, job: dict[str, Any]) -> None:
    try:
        opened = open_table(job, AREAS)
        table = pa.concat_tables(list(opened.pieces))
        scan(table, AREAS, Sieve(table.num_rows))
    except (CasAuditError, Broken, Unfit):
        raise
    except Exception as error:  # in the child: said by its kind
        raise Broken(type(error).__name__) from error
    source = Source(path=str(path), contract="areas")
    areas = outline(source, AREAS, table, opened.crs)  # from here on in the process of the gate
    areas["buurtcode"] = areas["buurtcode"].astype(str)
    demand_once(areas["buurtcode"], path.name)
    grid = build_grid(areas, "EPSG:28992", 125.0, path.name)
    cells = keep_cells(grid, areas, "buurtcode", path.name)
    spread_residents(areas, AREAS, cells)


def _end(path: Path, kind: str) -> tuple[str, str]:
    """Return how a reading ends, and with which message."""
    try:
        _read(path, kind)
    except Broken as error:
        return "refused", json.dumps(error.said)
    except (Unfit, CasAuditError) as error:
        return "refused", str(error)
    except Exception as error:  # noqa: BLE001 - any that is left
        here = kind in {"contract", "geojson", "gpkg"}  # not in the child, which words all of them
        return "unworded" if here else "refused", f"{type(error).__name__} {error if here else ''}"
    return "read", ""


def _made(number: int, seed: int, contents: dict[str, bytes]) -> tuple[str, Path]:
    rng = random.Random(f"{seed}-{number}")  # noqa: S311 - no secret
    kind = rng.choice(sorted(contents))
    return kind, spoil(rng, kind, contents[kind])


def batch(first: int, last: int, seed: int) -> None:
    """Read inputs one after another, and say of each when it begins and how it ended."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        contents = whole(Path(tempfile.mkdtemp()))
        for number in range(first, last):
            kind, path = _made(number, seed, contents)
            _say(number, kind, "begun", leak=False)
            signal.alarm(PATIENCE_S)  # ends the process, also inside a library
            how, said = _end(path, kind)
            signal.alarm(0)
            _say(number, kind, how, leak=CANARY in said)
            shutil.rmtree(path.parent, ignore_errors=True)  # a file that moves may be back


def _say(number: int, kind: str, how: str, *, leak: bool) -> None:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(json.dumps([number, kind, how, leak, most]), flush=True)


def _run(first: int, last: int, seed: int) -> list[tuple[int, str, str, bool, int]]:
    """Run a batch in a process of its own; where that ends early, say which input ended it."""
    done = subprocess.run(  # noqa: S603 - this file
        [sys.executable, __file__, "--batch", str(first), str(last), "--seed", str(seed)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    said = [tuple(json.loads(line)) for line in done.stdout.splitlines()]
    ended = [one for one in said if one[2] != "begun"]
    if done.returncode:
        if not said or said[-1][2] != "begun":
            message = f"a batch from {first} ended with {done.returncode} outside an input"
            raise SystemExit(message)
        number, kind, _, _, most = said[-1]
        how = "hung" if done.returncode == -signal.SIGALRM else "died"
        ended.append((number, kind, how, False, most))
    return ended


def fuzz(inputs: int, seed: int) -> tuple[Counter[tuple[str, str]], int, int]:
    """Spoil and read; count per kind and end, and messages that leak; and most memory, in MB."""
    found: Counter[tuple[str, str]] = Counter()
    leaks = most = at = 0
    while at < inputs:
        ended = _run(at, min(at + BATCH, inputs), seed)
        for number, kind, how, leak, memory in ended:
            found[kind, how] += 1
            leaks += leak
            most = max(most, memory)
            if how in {"died", "hung", "unworded"} or leak:
                print(f"input {number} ({kind}): {how}{', leaks' * leak}", file=sys.stderr)
        at += len(ended)
    return found, leaks, most


def report(inputs: int, seed: int) -> str:
    """Return the table."""
    found, leaks, most = fuzz(inputs, seed)
    lines = [
        "| source | refused with a sentence | read whole | process died | hung | no sentence |",
        "|---|---|---|---|---|---|",
    ]
    for kind in NAMES:
        counts = (f"{found[kind, how]:,}" for how in ENDS)
        lines.append(f"| {kind} | {' | '.join(counts)} |")
    total = sum(found.values())
    note = (
        f"Hung is longer than {PATIENCE_S} seconds; the largest process took {most:,} MB. "
        "Read whole are inputs whose spoiling left a well-formed file, such as another digit; "
        "what the gate then makes of the values is counted on the receipt. Spoiled are bytes "
        "(cut, changed, repeated, recoded, archived), what stands in the place of the file "
        "(a pipe, a folder, a link, a file that grows and shrinks), and what is written in it "
        "(see `benchmarks/spoils.py`). Not tried is a view of a database that never ends."
    )
    said = f"{total:,} inputs, messages that held the canary: {leaks}. {note}"
    return "\n".join([*lines, "", said])


def main() -> None:
    """Read the arguments; write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", type=int)
    parser.add_argument("--batch", type=int, nargs=2)
    chosen = parser.parse_args()
    if chosen.batch:
        batch(*chosen.batch, chosen.seed)
        return
    if chosen.only is not None:
        kind, path = _made(chosen.only, chosen.seed, whole(Path(tempfile.mkdtemp())))
        print(kind, path)
        print(*_end(path, kind))
        return
    command = f"python benchmarks/fuzz.py --inputs {chosen.inputs} --seed {chosen.seed}"
    page = f"# Malformed input\n\nMade by `{command}`.\n\n{report(chosen.inputs, chosen.seed)}\n"
    print(page)
    if chosen.out:
        chosen.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
