"""The audit programme: finds the checks, runs them, and lets none stop the others."""

import ast
import importlib.util
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome
from cas_audit.errors import ProgrammeError, Unavailable
from cas_audit.files import digest
from cas_audit.processes import open_processes
from cas_audit.rooms import room

__all__ = ["Check", "list_checks", "refuse_unknown", "run_check", "run_checks"]

SECTIONS = ("Why", "How", "Limits", "Remedy")


@dataclass(frozen=True)
class Check:
    """One check: a file with one public function of the same name."""

    name: str
    path: Path
    docstring: str
    thresholds: dict[str, float]

    @property
    def version(self) -> str:
        """The first twelve digits of the file's digest: a changed check is another check."""
        return digest(self.path)[:12]

    @property
    def question(self) -> str:
        """The first line of the docstring."""
        return self.docstring.splitlines()[0]


def list_checks(folder: Path | None = None) -> dict[str, Check]:
    """Return all checks by name, such as `model/even_exposure`, without importing them.

    Raises:
        ProgrammeError: a file holds no function of its name, or lacks a section.
    """
    home = folder or room("checks")
    paths = sorted(path for path in home.glob("*/*.py") if not path.name.startswith("_"))
    if not paths:
        message = f"{home} holds no checks; expected files such as model/even_exposure.py."
        raise ProgrammeError(message)
    checks = [_describe(path) for path in paths]
    return {check.name: check for check in checks}


def _describe(path: Path) -> Check:
    name = f"{path.parent.name}/{path.stem}"
    try:
        body = ast.parse(path.read_text(encoding="utf-8")).body
    except SyntaxError as error:
        message = f"{path}: line {error.lineno} is not Python."
        raise ProgrammeError(message) from None
    functions = [node for node in body if isinstance(node, ast.FunctionDef)]
    found = [node for node in functions if node.name == path.stem]
    if not found:
        message = f"{path} holds no function {path.stem}; a check has the name of its file."
        raise ProgrammeError(message)
    docstring = ast.get_docstring(found[0]) or ""
    _demand_sections(path, docstring)
    return Check(name, path, docstring, _thresholds(found[0]))


def _demand_sections(path: Path, docstring: str) -> None:
    if not docstring.split("\n", 1)[0].endswith("?"):
        message = f"{path}: the docstring opens with no question."
        raise ProgrammeError(message)
    for section in SECTIONS:
        if f"{section}:" not in docstring:
            message = f"{path}: the docstring has no section {section}."
            raise ProgrammeError(message)


def _thresholds(function: ast.FunctionDef) -> dict[str, float]:
    names = [argument.arg for argument in function.args.kwonlyargs]
    defaults = [ast.literal_eval(default) for default in function.args.kw_defaults if default]
    return dict(zip(names, defaults, strict=True))


def run_checks(
    dossier: Dossier,
    thresholds: dict[str, dict[str, float]] | None = None,
    folder: Path | None = None,
) -> list[Finding]:
    """Run every check of the programme on a dossier.

    Args:
        dossier: a sealed dossier.
        thresholds: per check the thresholds that differ from its defaults.
        folder: the checks to run; by default those of the programme.

    Raises:
        ProgrammeError: thresholds are given for an unknown check or threshold.
    """
    checks = list_checks(folder)
    chosen = thresholds or {}
    refuse_unknown(chosen, checks)
    asked = [(check, dossier.folder, chosen.get(check.name, {})) for check in checks.values()]
    with open_processes(len(dossier.manifest.themes)) as processes:  # one theme takes a few seconds
        found: list[Finding] = processes.each(_run_alone, asked, "checks")
    return found


def _run_alone(check: Check, folder: Path, chosen: dict[str, float]) -> Finding:
    return run_check(check, Dossier(folder), chosen)


def refuse_unknown(chosen: dict[str, dict[str, float]], checks: dict[str, Check]) -> None:
    """Refuse thresholds for a check or threshold that does not exist.

    Raises:
        ProgrammeError: naming the check and what it expects.
    """
    for name, values in chosen.items():
        if name not in checks:
            message = f"checks: unknown check {name}; expected one of {', '.join(checks)}."
            raise ProgrammeError(message)
        unknown = sorted(set(values) - set(checks[name].thresholds))
        if unknown:
            expected = ", ".join(checks[name].thresholds) or "none"
            message = f"checks: {name} has no threshold {unknown[0]}; expected {expected}."
            raise ProgrammeError(message)


def run_check(check: Check, dossier: Dossier, chosen: dict[str, float]) -> Finding:
    """Run one check; a missing input or a crash becomes an outcome."""
    used = {**check.thresholds, **chosen}
    try:
        finding = _function(check)(dossier, **used)
    except Unavailable:
        finding = _without_measurement(Outcome.UNAVAILABLE, {})
    except Exception as error:  # noqa: BLE001 - a broken check must not stop the others
        # Only the kind of error: its text could quote the data.
        finding = _without_measurement(Outcome.ERROR, {"kind": type(error).__name__})
    update = {
        "check": check.name,
        "check_version": check.version,
        "thresholds": used,
        "seed": dossier.manifest.seed,
        "inputs": dict(sorted(dossier.inputs.items())),
    }
    return finding.model_copy(update=update)


def _without_measurement(outcome: Outcome, values: dict[str, str]) -> Finding:
    return Finding(
        outcome=outcome, message=outcome.value, values=dict(values), estimand=Estimand.RECORD
    )


def _function(check: Check) -> Callable[..., Finding]:
    found = getattr(_module(check), check.path.stem)
    if not inspect.isfunction(found):
        message = f"{check.path}: {check.path.stem} is no function."
        raise ProgrammeError(message)
    return found


def _module(check: Check) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        f"_check_{check.name.replace('/', '_')}", check.path
    )
    if spec is None or spec.loader is None:
        message = f"{check.path} cannot be loaded."
        raise ProgrammeError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # rooms hold sources only
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module
