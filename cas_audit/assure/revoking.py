"""Revoking a key: one entry more in the policy, whose own words and comments stay as they are."""

from datetime import date
from pathlib import Path

import yaml

from cas_audit.assure.policy import Policy
from cas_audit.config import read_record
from cas_audit.errors import ConfigError, InputError

__all__ = ["revoke_key"]

HEAD = "revoked_keys:"


def revoke_key(path: Path, key: str, reason: str, on: date) -> None:
    """Add a key to the revoked keys of a policy.

    Args:
        path: the policy (YAML).
        key: the id of the key.
        reason: why it counts no more.
        on: the day.

    Raises:
        ConfigError: the policy binds the key to no role, revoked it before, or is written such that
            an entry cannot be added.
    """
    policy = read_record(Policy, path, ConfigError)
    if key not in policy.keys or key in policy.revoked:
        why = "revoked already" if key in policy.revoked else "bound to no role"
        message = f"{path}: key {key[:12]} is {why}."
        raise ConfigError(message)
    entry = yaml.safe_dump([{"key": key, "since": on, "reason": reason}], allow_unicode=True)
    fresh = path.with_name(f".{path.stem}.new.yaml")
    try:
        fresh.write_text(_added(path.read_text(encoding="utf-8"), entry), encoding="utf-8")
        _demand_added(path, fresh, policy, key)
    finally:
        fresh.unlink(missing_ok=True)


def _demand_added(path: Path, fresh: Path, policy: Policy, key: str) -> None:
    """Put the new policy in the place of the old if it revokes that key and says no other thing."""
    try:
        found = read_record(Policy, fresh, ConfigError)
    except InputError:
        found = policy
    others = [one for one in found.revoked_keys if one.key != key]
    same = found.model_copy(update={"revoked_keys": others}) == policy
    if not same or key not in found.revoked:
        message = f"{path}: expected `{HEAD}` on a line of its own, with a list below it."
        raise ConfigError(message)
    fresh.replace(path)


def _added(text: str, entry: str) -> str:
    """Put an entry first in the list of revoked keys, or begin that list."""
    lines = text.splitlines(keepends=True)
    heads = [place for place, line in enumerate(lines) if line.split("#")[0].strip() == HEAD]
    heads = [place for place in heads if lines[place].startswith(HEAD)]
    if not heads:
        return text + ("" if text.endswith("\n") else "\n") + f"{HEAD}\n{entry}"
    after = heads[0] + 1
    indent = _indent(lines[after]) if after < len(lines) else ""
    moved = "".join(indent + line for line in entry.splitlines(keepends=True))
    return "".join([*lines[:after], moved, *lines[after:]])


def _indent(line: str) -> str:
    found = line[: len(line) - len(line.lstrip())]
    return found if line.lstrip().startswith("- ") else ""
