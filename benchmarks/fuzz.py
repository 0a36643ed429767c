"""Malformed sources and contracts by the thousand: each ends in a sentence, or is read whole.

    python benchmarks/fuzz.py --inputs 10000 --out docs/measured/fuzz.md

Sources are read in this process, as the child does it, so that thousands fit in minutes; a canary
stands in every refused column, and no message may hold it. What is no error of ours, such as a
crash of a parser, would end the benchmark.
"""

import argparse
import io
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from cas_audit.config import read_record
from cas_audit.errors import CasAuditError, ContractError
from cas_audit.ingest.contract import Contract, load_contract
from cas_audit.ingest.counts import admit_counts
from cas_audit.ingest.formats import open_table
from cas_audit.ingest.grid import Grid
from cas_audit.ingest.names import Unfit
from cas_audit.ingest.opened import Broken
from cas_audit.ingest.question import Ground, Question
from cas_audit.rooms import room

CANARY = "KANARIE7351"
STOPS = load_contract("stops")
GROUND = Ground(
    Grid("EPSG:28992", 125.0, 120_000.0, 486_000.0, 40, 40), np.zeros(1600, dtype=np.int32), ["a"]
)
QUESTION = Question.model_validate(
    {"themes": ["a"], "channels": ["brought"], "reference_date": "2026-01-05", "years": 5}
)
TABLE = pd.DataFrame(
    {
        "x_rd": [121_000.5] * 40,
        "naam": [CANARY] * 40,
        "y_rd": [487_000.5] * 40,
        "dag": ["2025-07-09"] * 40,
    }
)
Spoil = Callable[[random.Random, bytes], bytes]


def _cut(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content))]


def _flip(rng: random.Random, content: bytes) -> bytes:
    spoiled = bytearray(content)
    for _ in range(rng.randint(1, 20)):
        spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
    return bytes(spoiled)


def _insert(rng: random.Random, content: bytes) -> bytes:
    at = rng.randrange(len(content))
    pieces = (b'"', b"\n", b"\x00", b",,,,", b"\xff\xfe", b";", b'"\n"', b"\r", b"x" * 100_000)
    return content[:at] + rng.choice(pieces) + content[at:]


def _drop(rng: random.Random, content: bytes) -> bytes:
    first, last = sorted(rng.sample(range(len(content)), 2))
    return content[:first] + content[last:]


def _repeat(rng: random.Random, content: bytes) -> bytes:
    first, last = sorted(rng.sample(range(len(content)), 2))
    return content[:last] + content[first:]


def _recode(rng: random.Random, content: bytes) -> bytes:
    text = content.decode("latin-1").replace("7", "\u00e9")
    return text.encode(rng.choice(["utf-16", "latin-1", "utf-8", "cp037"]))


def _archive(rng: random.Random, content: bytes) -> bytes:
    heads = (b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"BZh9", b"PAR1", b"SQLite format 3\x00")
    return rng.choice(heads) + content


SPOILS: tuple[Spoil, ...] = (_cut, _flip, _insert, _drop, _repeat, _recode, _archive)


def _bytes() -> dict[str, bytes]:
    """Return a well-formed source of each format, and a well-formed contract."""
    parquet = io.BytesIO()
    TABLE.to_parquet(parquet, index=False)
    return {
        "csv": TABLE.to_csv(index=False).encode(),
        "parquet": parquet.getvalue(),
        "contract": room("expectations", "stops.contract.yaml").read_bytes(),
    }


def _read(path: Path, kind: str) -> str:
    """Read a source as the child does; return the message, or nothing when it was read."""
    if kind == "contract":
        try:
            read_record(Contract, path, ContractError)
        except CasAuditError as error:
            return str(error)
        return ""
    try:
        opened = open_table({"format": kind, "path": str(path)}, STOPS)
        admit_counts(opened.pieces, STOPS, QUESTION, GROUND)
    except (Unfit, Broken) as error:
        return json.dumps(error.said) if isinstance(error, Broken) else str(error)
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, IndexError) as error:
        return type(error).__name__  # as the child says it: the kind alone
    return ""


def fuzz(inputs: int, seed: int) -> tuple[Counter[tuple[str, str]], int]:
    """Spoil and read; count per kind what was refused and what was read, and messages that leak."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    whole = _bytes()
    found: Counter[tuple[str, str]] = Counter()
    leaks = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(inputs):
            kind = rng.choice(sorted(whole))
            content = rng.choice(SPOILS)(rng, whole[kind])
            path = Path(folder) / f"t.{'yaml' if kind == 'contract' else kind}"
            path.write_bytes(content)
            said = _read(path, kind)
            leaks += CANARY in said
            found[kind, "refused" if said else "read"] += 1
            if number % 1000 == 0:
                path.unlink()
    return found, leaks


def report(inputs: int, seed: int) -> str:
    """Return the table."""
    found, leaks = fuzz(inputs, seed)
    lines = ["| source | refused with a sentence | read whole |", "|---|---|---|"]
    lines += [
        f"| {kind} | {found[kind, 'refused']:,} | {found[kind, 'read']:,} |"
        for kind in ("csv", "parquet", "contract")
    ]
    total = sum(found.values())
    note = (
        "Read whole are inputs whose spoiling left a well-formed file, such as another digit; "
        "what the gate then makes of the values is counted on the receipt."
    )
    said = f"{total:,} inputs, messages that held the canary: {leaks}. {note}"
    return "\n".join([*lines, "", said])


def main() -> None:
    """Read the arguments; write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    command = f"python benchmarks/fuzz.py --inputs {chosen.inputs} --seed {chosen.seed}"
    page = f"# Malformed input\n\nMade by `{command}`.\n\n{report(chosen.inputs, chosen.seed)}\n"
    print(page)
    if chosen.out:
        chosen.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
