"""Readers: dialects and formats, names that nearly match, and refused values that never come in."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import geopandas  # noqa: TID251 - writes what the readers are tested on
import numpy as np
import pandas as pd
import pytest
import shapely

from cas_audit.errors import CasAuditError, ContractError, InputError
from cas_audit.ingest import sources
from cas_audit.ingest.contract import Contract, Dialect, load_contract
from cas_audit.ingest.sources import Offered, read_areas, read_table

CANARY = "KANARIE"
SUSPECTS = load_contract("suspects")
TABLE = pd.DataFrame(
    {
        "x_rd": ["121000.5", "121001.5"],
        "naam": [f"{CANARY} é", CANARY],
        "y_rd": ["487000.5", "487001.5"],
        "aantal_verdachten": ["1", "2"],
    }
)


def read(path: Path, contract: Contract = SUSPECTS) -> tuple[Offered, pd.DataFrame]:
    """Read a whole table."""
    with read_table(path, contract) as (offered, batches):
        return offered, pd.concat(list(batches), ignore_index=True)


def dialect(**changes: str) -> Contract:
    """Return the contract with another dialect."""
    return SUSPECTS.model_copy(update={"dialect": Dialect.model_validate(changes)})


WRITTEN: dict[str, tuple[Callable[[Path], object], Contract]] = {
    "plain": (lambda p: TABLE.to_csv(p, index=False), SUSPECTS),
    "semicolon": (lambda p: TABLE.to_csv(p, index=False, sep=";"), SUSPECTS),
    "tab": (lambda p: TABLE.to_csv(p, index=False, sep="\t"), SUSPECTS),
    "with BOM": (lambda p: TABLE.to_csv(p, index=False, encoding="utf-8-sig"), SUSPECTS),
    "Windows-1252": (
        lambda p: TABLE.to_csv(p, index=False, encoding="windows-1252", sep=";"),
        dialect(encoding="windows-1252"),
    ),
    "quoted newlines": (
        lambda p: TABLE.assign(naam=f"{CANARY}\n{CANARY}").to_csv(p, index=False),
        SUSPECTS,
    ),
    "other case, spaces and accents": (
        lambda p: TABLE.rename(
            columns={"x_rd": " X-RD ", "y_rd": "Ý RD", "aantal_verdachten": "Aantal verdachten"}
        ).to_csv(p, index=False),
        SUSPECTS,
    ),
    "refused bytes in another encoding": (
        lambda p: p.write_bytes(TABLE.to_csv(index=False).encode("utf-8").replace(b"\xc3", b"")),
        SUSPECTS,
    ),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_every_dialect_gives_the_same_table(tmp_path: Path, how: str) -> None:
    """Only the admitted columns, under the names of the contract, as text."""
    write, contract = WRITTEN[how]
    write(tmp_path / "t.csv")
    offered, table = read(tmp_path / "t.csv", contract)

    assert ["naam"] == offered.refused
    assert TABLE[["x_rd", "y_rd", "aantal_verdachten"]].to_dict("list") == table.to_dict("list")


def test_a_large_file_comes_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No batch holds the whole; together they hold every row once and in order."""
    monkeypatch.setattr(sources, "ROWS_A_BATCH", 1000)
    wide = pd.DataFrame(
        {"x_rd": np.arange(3e5), "y_rd": 1.0, "aantal_verdachten": 1, "naam": "x" * 50}
    )
    wide.to_csv(tmp_path / "t.csv", index=False)
    wide.to_parquet(tmp_path / "t.parquet", index=False)
    for name in ("t.csv", "t.parquet"):
        with read_table(tmp_path / name, SUSPECTS) as (_, batches):
            parts = list(batches)

        assert len(parts) > 1
        assert pd.concat(parts)["x_rd"].astype(float).tolist() == wide["x_rd"].tolist()


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg"])
def test_areas_of_both_formats(tmp_path: Path, suffix: str) -> None:
    """Outlines and admitted fields; the rest is named and not read."""
    contract = load_contract("areas")
    figures = {one.name: ["1", "2"] for one in contract.columns}
    outlines = [shapely.box(4.9, 52.3, 5.0, 52.4), shapely.box(5.0, 52.3, 5.1, 52.4)]
    written = geopandas.GeoDataFrame({**figures, "naam": CANARY}, geometry=outlines, crs=4326)
    written.to_file(tmp_path / f"a{suffix}")
    areas, offered = read_areas(tmp_path / f"a{suffix}", contract)

    assert "naam" in offered.refused
    assert set(figures) | {"geometry"} == set(areas.columns)
    assert outlines == areas.geometry.normalize().tolist() or all(
        one.equals(other) for one, other in zip(outlines, areas.geometry, strict=True)
    )


SPOILED: dict[str, tuple[bytes, type[CasAuditError], str]] = {
    "empty": (b"", CasAuditError, "t.csv"),
    "header only": (b"x_rd,y_rd,aantal_verdachten,naam\n", InputError, "holds no rows"),
    "a header that is data": (
        f"{CANARY},1,2,3\n1,2,3,4\n".encode(),
        ContractError,
        "no column x_rd",
    ),
    "a column twice": (
        b"X RD,y_rd,x-rd,aantal_verdachten\n1,2,3,4\n",
        ContractError,
        "more than one column stands for x_rd",
    ),
    "a column twice, exactly": (
        b"x_rd,x_rd,y_rd,aantal_verdachten\n1,2,3,4\n",
        ContractError,
        "more than one column stands for x_rd",
    ),
    "a row too long": (
        f"x_rd,y_rd,aantal_verdachten,naam\n1,2,3,4\n1,2,3,{CANARY},{CANARY}\n".encode(),
        InputError,
        "ArrowInvalid",
    ),
    "a row too long, late": (
        b"x_rd,y_rd,aantal_verdachten,naam\n"
        + b"1,2,3,nobody here at all\n" * 500_000
        + f"1,2,3,{CANARY},{CANARY}\n".encode(),
        InputError,
        "ArrowInvalid",
    ),
    "an open quote": (
        f'x_rd,y_rd,aantal_verdachten,naam\n1,2,3,"{CANARY}\n1,2,3,x\n'.encode(),
        InputError,
        "OpenQuote",
    ),
    "not text": (bytes(range(256)) * 20, CasAuditError, "t.csv"),
    "admitted bytes in another encoding": (
        "x_rd,y_rd,aantal_verdachten,naam\né,2,3,x\n".encode("windows-1252"),
        InputError,
        "ArrowInvalid",
    ),
}


@pytest.mark.parametrize("how", SPOILED)
def test_spoiled_files_are_refused_whole(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], how: str
) -> None:
    """One sentence with the file and the kind of fault; what the file holds is not repeated."""
    content, kind, said = SPOILED[how]
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(kind, match=said) as error:
        read(path)
    printed = capfd.readouterr()

    assert "t.csv" in str(error.value)
    assert CANARY not in str(error.value) + printed.out + printed.err
    assert error.value.__cause__ is None


def test_no_refused_value_is_in_the_memory_of_the_process(tmp_path: Path) -> None:
    """A new process reads the file and then looks for the canary in all of its own memory."""
    rows = 20_000
    wide = pd.DataFrame({"x_rd": np.arange(rows), "y_rd": 1, "aantal_verdachten": 1})
    secret = "KANA" + "RIE"
    wide.assign(naam=[f"{secret}-{row}" for row in range(rows)]).to_csv(
        tmp_path / "t.csv", index=False
    )
    program = f"""
import re
from pathlib import Path
from cas_audit.ingest.contract import load_contract
from cas_audit.ingest.sources import read_table
with read_table(Path({str(tmp_path / "t.csv")!r}), load_contract("suspects")) as (_, batches):
    kept = list(batches)
looked_for = "".join(["KANA", "RIE"]).encode() + b"-1"
found = 0
with open("/proc/self/mem", "rb", 0) as memory:
    for line in Path("/proc/self/maps").read_text().splitlines():
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        if " rw" not in line or "[v" in line:
            continue
        memory.seek(start)
        try:
            found += len(re.findall(looked_for + rb"\\d", memory.read(end - start)))
        except OSError:
            pass
print(len(kept[0]), found)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == [str(rows), "0"]
