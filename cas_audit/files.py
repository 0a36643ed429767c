"""Reading and writing of small files: the same content always gives the same bytes."""

import hashlib
import json
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import yaml
from pydantic import BaseModel

from cas_audit.errors import EvidenceError, InputError

__all__ = [
    "demand_plain",
    "digest",
    "read_json",
    "read_yaml",
    "shown",
    "staged",
    "tree",
    "write_json",
    "write_yaml",
]

MOST_YAML_BYTES = 1 << 18  # some thousands of codes; more takes seconds to parse
MOST_DEPTH = 40
AUDIT = {
    "audit.json",
    "run.json",
    "dossier",
    "findings.json",
    "answers.json",
    "statements",
    "policy.yaml",
    "risks.json",
    "revisions",
    "report.nl.html",
    "report.en.html",
    "receipt.nl.html",
    "receipt.en.html",
}
DOCS = {"docs.json", "data-docs.nl.html", "data-docs.en.html"}
FRONTIER = {"frontier.json", "frontier.nl.html", "frontier.en.html"}
DEMO = {"demo.json", "configs", "feed", "truth", "statements", "keys", "mlflow"}


def digest(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits.

    >>> digest(Path(__file__)) == digest(Path(__file__))
    True
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def shown(name: str) -> str:
    r"""Return a name with what would steer a terminal, or is not to be seen, spelled out.

    >>> shown("a\x1b[2J.yaml")
    'a\\x1b[2J.yaml'
    """
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in name
    )


def tree(folder: Path) -> list[str]:
    """Return the files below a folder as sorted POSIX paths relative to it.

    Raises:
        EvidenceError: the folder holds a symbolic link, which could lead outside it.
    """
    found = []
    for path in folder.rglob("*"):
        if path.is_symlink():
            message = f"{shown(str(path))} is a symbolic link; evidence holds plain files only."
            raise EvidenceError(message)
        if path.is_file():
            found.append(path.relative_to(folder).as_posix())
    return sorted(found)


def write_json(path: Path, content: BaseModel | dict[str, Any] | list[Any]) -> None:
    """Write sorted, indented JSON without NaN, making the folder where needed."""
    plain = content.model_dump(mode="json") if isinstance(content, BaseModel) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_yaml(path: Path, content: dict[str, Any]) -> None:
    """Write YAML in the order given, making the folder where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.dump(content, None, _PlainDumper, sort_keys=False, allow_unicode=True, width=100)
    path.write_text(text, encoding="utf-8")


def read_json(path: Path) -> Any:  # noqa: ANN401 - JSON is validated by the caller's model
    """Read JSON.

    Raises:
        InputError: the file is absent or is not JSON.
    """
    try:
        demand_plain(path)
        return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
    except FileNotFoundError as error:
        message = f"{path} does not exist."
        raise InputError(message) from error
    except (OSError, ValueError, RecursionError) as error:
        what = "a key that stands twice" if isinstance(error, _TwiceError) else type(error).__name__
        message = f"{path} cannot be read as JSON ({what}{_place(error)})."
        raise InputError(message) from error


class _TwiceError(ValueError):
    """A key stands twice; of two, one is unseen."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise _TwiceError
    return content


def demand_plain(path: Path) -> int:
    """Return the size of a plain file; a pipe or device could be waited for without end.

    Raises:
        InputError: it is something else, such as a folder or a pipe.
        OSError: it is not there, or may not be looked at.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        message = f"{path} is no plain file; expected one."
        raise InputError(message)
    return found.st_size


class _PlainDumper(yaml.SafeDumper):
    """The safe dumper, which writes in full what stands in two places: we read no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


class _Refused(yaml.MarkedYAMLError):
    """YAML that is well formed and yet not read."""

    def __init__(self, what: str, node: yaml.Event | yaml.Node) -> None:
        super().__init__(problem=what, problem_mark=node.start_mark)  # type: ignore[arg-type]


class _PlainLoader(yaml.SafeLoader):
    """The safe loader, without aliases, tags, merges, deep nesting, or keys that stand twice.

    A few aliases of aliases stand for more than any memory holds; of two keys one is unseen.
    """

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            what = "an alias, where the value itself was expected"
            raise _Refused(what, event)
        if getattr(event, "tag", None):
            what = "a tag, where a plain value was expected"
            raise _Refused(what, event)
        self.depth += 1
        if self.depth > MOST_DEPTH:
            what = f"more than {MOST_DEPTH} levels"
            raise _Refused(what, event)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                what = "a merge, where the values themselves were expected"
                raise _Refused(what, key)
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                what = "a key that stands twice"
                raise _Refused(what, key)
            seen |= {key.value} if isinstance(key, yaml.ScalarNode) else set()
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - YAML is validated by the caller's model
    """Read YAML with the safe loader.

    Raises:
        InputError: the file is absent or is not YAML.
    """
    try:
        if demand_plain(path) > MOST_YAML_BYTES:
            message = f"{path} holds more than {MOST_YAML_BYTES} bytes; expected fewer."
            raise InputError(message)
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_PlainLoader)  # noqa: S506, TID251
    except FileNotFoundError as error:
        message = f"{path} does not exist."
        raise InputError(message) from error
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        what = error.problem if isinstance(error, _Refused) else type(error).__name__
        message = f"{path} cannot be read as YAML ({what}{_place(error)})."
        raise InputError(message) from error


def _place(error: Exception) -> str:
    """Name the line of a parse error: the message itself could quote the data."""
    if isinstance(error, json.JSONDecodeError):
        return f", line {error.lineno}"
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}" if mark else ""


@contextmanager
def staged(out: Path, *, keep: bool = False) -> Iterator[Path]:
    """Give a folder to work in that takes the place of `out` only when all went well.

    Args:
        out: the folder to make or replace.
        keep: start from what `out` holds, instead of from nothing.

    Raises:
        EvidenceError: `out` exists and was not written by us, or holds what people signed, so it
            is not replaced.
    """
    out = out.absolute()
    refuse_foreign(out)
    if not keep and (out / "revisions").is_dir():
        message = f"{out} holds what people signed; expected a new folder."
        raise EvidenceError(message)
    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        if keep:
            shutil.copytree(out, work, dirs_exist_ok=True, symlinks=True)
        work.chmod(0o755)
        yield work
        swap(work, out)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def refuse_foreign(out: Path) -> None:
    """Refuse to replace a folder that does not bear our marks."""
    if not out.exists() and not out.is_symlink():
        return
    if out.is_dir() and not out.is_symlink() and not _foreign(out):
        return
    message = f"{out} exists and was not written by cas-audit; expected a new or empty folder."
    raise EvidenceError(message)


def _foreign(out: Path) -> set[str]:
    """Return what stands in a folder that we would not have put there."""
    names = {path.name for path in out.iterdir()}
    if "audit.json" in names and "files" in _keys(out / "audit.json"):
        return names - AUDIT
    if "demo.json" in names and "seed" in _keys(out / "demo.json"):
        audits = {name for name in names if (out / name / "audit.json").is_file()}
        return names - DEMO - audits
    if "docs.json" in names and "tables" in _keys(out / "docs.json"):
        return names - DOCS
    if "frontier.json" in names and "rows" in _keys(out / "frontier.json"):
        return names - FRONTIER
    if "export.json" in names and "documents" in _keys(out / "export.json"):
        return set(tree(out)) - {"export.json"} - set(read_json(out / "export.json")["documents"])
    return names


def _keys(path: Path) -> set[str]:
    try:
        content = read_json(path)
    except InputError:
        return set()
    return set(content) if isinstance(content, dict) else set()


def swap(work: Path, out: Path) -> None:
    """Put `work` in the place of `out`; what stood there is removed last."""
    old = Path(mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
    try:
        if out.exists():
            out.rename(old / out.name)
        try:
            work.rename(out)
        except BaseException:
            if (old / out.name).exists():
                (old / out.name).rename(out)  # what stood there is put back
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
