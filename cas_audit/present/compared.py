"""The difference between two audits in sentences: worse, better, expiring, and who must act."""

from pathlib import Path

from cas_audit.assure.compare import Act, Change, Comparison, Expiry, Turned
from cas_audit.assure.framework import Framework
from cas_audit.assure.gate import read_rests
from cas_audit.audit.dossier import Dossier, read_manifest
from cas_audit.audit.finding import Outcome
from cas_audit.present.words import Language, Words, name_words

__all__ = ["explain_comparison"]


def explain_comparison(
    old: Path, new: Path, comparison: Comparison, language: Language
) -> list[str]:
    """Return lines for a person: a title, then four parts, each with what is in it or `nothing`."""
    words = name_words(Dossier(new / "dossier"), language)
    framework = read_rests(new).framework
    manifest = read_manifest(new / "dossier")
    title = words.people(
        "compare_title",
        title=getattr(manifest.title, language),
        new=manifest.version,
        old=read_manifest(old / "dossier").version,
        on=comparison.on,
    )
    changed = [(one.worse, _change(words, framework, one)) for one in comparison.points]
    changed += [(one.worse, _turn(words, one)) for one in comparison.checks]
    parts = {
        "compare_worse": [said for worse, said in changed if worse],
        "compare_better": [said for worse, said in changed if not worse],
        "compare_expires": [_expiry(words, framework, one) for one in comparison.expires],
        "compare_act": [_act(words, framework, one) for one in comparison.act],
    }
    lines = [title]
    for key, said in parts.items():
        lines.append(f"{words.people(key)}:")
        lines += [f"    {line}" for line in said or [words.people("compare_nothing")]]
    return lines


def _change(words: Words, framework: Framework, change: Change) -> str:
    statuses = words.page["statuses"]
    return words.people(
        "compare_changed",
        point=change.point,
        title=_title(words, framework, change.point),
        old=statuses[change.old],
        new=statuses[change.new],
    )


def _turn(words: Words, turned: Turned) -> str:
    old, new = (_outcome(words, one) for one in (turned.old, turned.new))
    return words.people("compare_turned", title=words.title(turned.check), old=old, new=new)


def _outcome(words: Words, outcome: Outcome | None) -> str:
    if outcome is None:
        return words.people("compare_not_asked")
    return str(words.page["outcomes"][outcome.value])


def _expiry(words: Words, framework: Framework, expiry: Expiry) -> str:
    about = expiry.about[:12] if expiry.kind == "key" else expiry.about
    return words.people(
        "passed" if expiry.passed else "until",
        what=words.people(expiry.kind, about=about),
        last_day=expiry.last_day,
        who=_who(words, framework, expiry.who, expiry.role),
    )


def _act(words: Words, framework: Framework, act: Act) -> str:
    own = act.reason == "contradicted"
    return words.people(
        "act_blocking" if act.blocking else "act",
        who=_who(words, framework, act.who, act.role),
        point=act.point,
        title=_title(words, framework, act.point),
        about=act.about,
        reason=words.people(act.reason) if own else words.page["reasons"][act.reason],
    )


def _who(words: Words, framework: Framework, who: str | None, role: str | None) -> str:
    known = framework.roles.get(role or "")
    called = str(getattr(known, words.language)) if known else role
    return ", ".join(filter(None, (who, called))) or words.people("nobody")


def _title(words: Words, framework: Framework, point: str) -> str:
    found = next(one for one in framework.points if one.id == point)
    return str(getattr(found.title, words.language))
