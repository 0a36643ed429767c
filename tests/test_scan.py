"""The content scan: what it finds, what it leaves alone, and what the gate does with it."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from cas_audit.ingest.scan import KINDS, find_identifiers

BENCHMARK = Path(__file__).resolve().parent.parent / "benchmarks/scan.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    """Return the benchmark, whose generators know nothing of the scan."""
    spec = importlib.util.spec_from_file_location("scan_benchmark", BENCHMARK)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARK.parent)
        spec.loader.exec_module(module)
    return module


def test_recall_and_false_alarms(benchmark: ModuleType) -> None:
    """At least 0.99 of what is hidden is found, and at most 0.1 % of codes is taken for it."""
    found = benchmark.measure(4000, seed=7).set_index("kind")

    assert list(KINDS) == found.index.to_list()
    assert (found["found"] >= 0.99 * found["n"]).all()
    assert (found["false"] <= 0.001 * found["n"]).all()


def test_names_in_free_text(benchmark: ModuleType) -> None:
    """Of names at least 0.95 is found in each form that is looked for; the rest is said."""
    found = benchmark.measure_text(500, seed=7).set_index("kind")
    names = [kind for kind in found.index if kind.startswith("name: ")]
    forms, missed = names[:-3], names[-3:]
    share = found["found"] / found["n"]

    assert len(forms) == 9
    assert (share[forms] >= 0.95).all()
    assert (share[missed] < 0.1).all()
    assert (share.drop(names) >= 0.99).all()
    assert (found.drop(names)["false"] == 0).all()


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("gezien door Jan de Vries", "name"),
        ("Jan van Dijk", "name"),
        ("VAN DEN BERG, J.P.", "name"),
        ("mevr. in 't Veld", "name"),
        ("verdachte Özdemir", "name"),
        ("In Amsterdam op de Lange Dijk", None),
        ("Jan van Galenstraat", None),
        ("Gestolen: Volkswagen Golf, op Zaterdag", None),
        ("Voordeur open. Politie gebeld.", None),
        ("05-12-2023 14:30 melding", None),
        ("Dorpsstraat 12", "address"),
        ("XX999X gezien", "licence_plate"),
        ("GM0363", None),
        ("1012AB", None),
    ],
)
def test_one_text(value: str, kind: str | None) -> None:
    """What is looked for in free text only."""
    found = find_identifiers(pd.Series([value]), free_text=True)

    assert ([kind] if kind else []) == list(found)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("999990019", "bsn"),
        ("9999.90.019", "bsn"),
        ("999990018", None),
        ("1999990019", None),
        ("NL91ABNA0417164300", "iban"),
        ("NL92ABNA0417164300", None),
        ("iemand@example.org", "email"),
        ("+31 6 12345678", "phone"),
        ("+31 (0)6 12 34 56 78", "phone"),
        ("(020) 1234567", "phone"),
        ("+44 (0)20 7946 0000", "phone"),
        ("2025-07-09 0612", None),
        ("05-12-2023 14", None),
        ("12, 1234 AB", "address"),
        ("1234AB, huisnummer 12", "address"),
        ("1234AB12", None),
        ("XX999X", None),
        ("Jan de Vries", None),
        ("99-XX-99", "licence_plate"),
        ("99-12-24", None),
        ("SPECI2014", "document"),
        ("PL1500202", None),
        ("1234 AB 12", "address"),
        ("1234 AB", None),
        ("BU03630000", None),
        (None, None),
    ],
)
def test_one_value(value: str | None, kind: str | None) -> None:
    """Check digits decide where a kind has them; numbers reserved for tests are used."""
    found = find_identifiers(pd.Series([value, "woninginbraak"]))

    assert ([kind] if kind else []) == list(found)
    assert all(mask.tolist() == [True, False] for mask in found.values())


def test_numbers_are_scanned_too() -> None:
    """A citizen service number can hide in a column of counts."""
    found = find_identifiers(pd.Series([3, 999990019, 0]))

    assert {"bsn": [False, True, False]} == {kind: mask.tolist() for kind, mask in found.items()}
