"""The form in the report: a person drafts a statement on his own machine, and gets it as a file.

What the page may run is one script of ours, named by its digest; nothing is sent anywhere. The file
is an unsigned draft, which counts only once a holder of the role has accepted and signed it.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from cas_audit.assure.framework import Framework
from cas_audit.present.people import show_role
from cas_audit.present.words import Words
from cas_audit.rooms import room

__all__ = ["Script", "load_script", "show_form"]


@dataclass(frozen=True)
class Script:
    """A script of ours, and the digest by which a page lets it run and no other."""

    text: Markup

    @property
    def digest(self) -> str:
        """The source expression of Content Security Policy level 2."""
        sha = hashlib.sha256(self.text.encode()).digest()
        return f"sha256-{base64.b64encode(sha).decode('ascii')}"


def load_script(name: str) -> Script:
    """Return a script of the reports room; it is trusted, as a template is."""
    return Script(Markup(room("reports", "templates", f"{name}.js").read_text(encoding="utf-8")))  # noqa: S704


def show_form(words: Words, framework: Framework, system: str) -> dict[str, Any]:
    """Return what can be stated, and what the script needs to know of it.

    Args:
        words: of the language.
        framework: that asks for statements.
        system: the name of the audited system.

    Returns:
        `asked`, an entry for each statement; `data`, the same for the script; `levels` of risk.
    """
    asked = [
        {
            "id": wanted.id,
            "point": point.id,
            "title": getattr(point.title, words.language),
            "text": getattr(wanted.text, words.language),
            "role": wanted.role,
            "role_name": show_role(words, framework, wanted.role),
            "days": wanted.valid_days,
        }
        for point in framework.points
        for wanted in point.statements
    ]
    keys = ("find_count", "form_pick", "form_saved", "form_too_late", "form_unread")
    return {
        "asked": asked,
        "levels": words.page["risks"],
        "data": {
            "framework": framework.framework,
            "version": framework.version,
            "system": system,
            "asked": {one["id"]: one for one in asked},
            "texts": {key: words.page["text"][key] for key in keys},
        },
    }
