"""The audit programme: a broken check is an outcome, a broken page stops the load."""

from pathlib import Path
from textwrap import dedent

import pytest

from cas_audit.audit.dossier import Dossier, Manifest, read_manifest, seal_dossier
from cas_audit.audit.finding import Outcome
from cas_audit.audit.programme import list_checks, run_checks
from cas_audit.errors import EvidenceError, ProgrammeError
from cas_audit.files import write_json

CHECK = '''
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome


def {name}(dossier: Dossier, *, max_share: float = 0.5) -> Finding:
    """Is the share small?

    Why: a trial.
    How: reads it.
    Limits: none known.
    Remedy: make it smaller.
    """
    share = dossier.json("{file}")["share"]
    {line}
    outcome = Outcome.MET if share <= max_share else Outcome.NOT_MET
    return Finding(outcome=outcome, message=outcome.value, estimand=Estimand.RECORD, estimate=share)
'''


def add(folder: Path, name: str, *, file: str = "data/a.json", line: str = "") -> Path:
    """Write a check into the group `data`."""
    path = folder / "data" / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(CHECK.format(name=name, file=file, line=line)))
    return path


@pytest.fixture
def dossier(tmp_path: Path, manifest: Manifest) -> Dossier:
    """Seal a dossier with one file."""
    folder = tmp_path / "dossier"
    write_json(folder / "data/a.json", {"share": 0.4})
    seal_dossier(folder, manifest)
    return Dossier(folder)


def test_a_finding_names_its_inputs(tmp_path: Path, dossier: Dossier) -> None:
    """The runner adds thresholds, version and the digests of what was read."""
    add(tmp_path / "checks", "small")
    [finding] = run_checks(dossier, folder=tmp_path / "checks")

    assert finding.outcome == Outcome.MET
    assert finding.thresholds == {"max_share": 0.5}
    assert {"data/a.json": dossier.manifest.files["data/a.json"]} == finding.inputs


def test_a_threshold_can_be_chosen(tmp_path: Path, dossier: Dossier) -> None:
    """A tighter threshold turns the outcome and stands in the finding."""
    add(tmp_path / "checks", "small")
    chosen = {"data/small": {"max_share": 0.1}}
    [finding] = run_checks(dossier, chosen, tmp_path / "checks")

    assert (finding.outcome, finding.thresholds) == (Outcome.NOT_MET, {"max_share": 0.1})


def test_a_broken_check_does_not_stop_the_others(tmp_path: Path, dossier: Dossier) -> None:
    """A crash and a missing input become outcomes; no text of the crash is kept."""
    add(tmp_path / "checks", "broken", line="raise ValueError('J. Jansen')")
    add(tmp_path / "checks", "missing", file="data/b.json")
    add(tmp_path / "checks", "small")
    findings = run_checks(dossier, folder=tmp_path / "checks")

    assert [f.outcome for f in findings] == [Outcome.ERROR, Outcome.UNAVAILABLE, Outcome.MET]
    assert "Jansen" not in findings[0].model_dump_json()


@pytest.mark.parametrize("section", ["Why", "How", "Limits", "Remedy"])
def test_a_page_without_a_section_stops_the_load(tmp_path: Path, section: str) -> None:
    """Every check says why, how, its limits and the remedy."""
    path = add(tmp_path / "checks", "small")
    path.write_text(path.read_text().replace(f"{section}:", "Also:"))

    with pytest.raises(ProgrammeError, match=f"no section {section}"):
        list_checks(tmp_path / "checks")


def test_a_check_has_the_name_of_its_file(tmp_path: Path) -> None:
    """A renamed file does not load."""
    path = add(tmp_path / "checks", "small")
    path.rename(path.with_name("other.py"))

    with pytest.raises(ProgrammeError, match="no function other"):
        list_checks(tmp_path / "checks")


def test_an_empty_programme_is_refused(tmp_path: Path) -> None:
    """Nothing to run is an error, never a success."""
    with pytest.raises(ProgrammeError, match="holds no checks"):
        list_checks(tmp_path)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"data/smal": {}}, "unknown check data/smal"),
        ({"data/small": {"max": 1.0}}, "no threshold max; expected max_share"),
    ],
)
def test_an_unknown_threshold_is_refused(
    tmp_path: Path, dossier: Dossier, chosen: dict[str, dict[str, float]], expected: str
) -> None:
    """A misspelt check or threshold is named."""
    add(tmp_path / "checks", "small")

    with pytest.raises(ProgrammeError, match=expected):
        run_checks(dossier, chosen, tmp_path / "checks")


def test_a_folder_without_manifest_is_no_dossier(tmp_path: Path) -> None:
    """The sentence says what to run first."""
    with pytest.raises(EvidenceError, match="run `cas-audit forecast` first"):
        read_manifest(tmp_path)
