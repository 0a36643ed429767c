"""What a person typed, made harmless: as plain text, as Markdown, and as HTML.

Nothing that somebody typed may become a heading, a link, a picture or a tag in what we hand over.
"""

import html
import re
import unicodedata

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from cas_audit.rooms import room

__all__ = ["as_html", "fits", "load_markdown", "markdown", "plain"]

SPECIAL = re.compile(r"([\\`*_{}\[\]|~!$^])")
STARTS = re.compile(r"^([#+\-=>:]|[0-9]+(?=[.)]))")
LINKS = re.compile(r"(?<=[A-Za-z0-9])(://|@)|\b(www)\.", re.IGNORECASE)
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}


def plain(text: str) -> str:
    r"""Return a text on one line, without what cannot be seen.

    >>> plain(" one\ntwo\u202e ")
    'one two'
    """
    spaced = " ".join(str(text).split())
    seen = "".join(one for one in spaced if unicodedata.category(one) not in UNSEEN)
    return " ".join(seen.split())


def markdown(text: str) -> str:
    r"""Return a text in which nothing is Markdown or HTML any more.

    >>> print(markdown("# [a](b) <b> a*b"))
    \# \[a\](b) &lt;b&gt; a\*b
    """
    safe = SPECIAL.sub(r"\\\1", html.escape(plain(text), quote=False))
    return STARTS.sub(_unlisted, LINKS.sub(_unlinked, safe))


def as_html(*paragraphs: str) -> str:
    """Return paragraphs of HTML, for a receiver that shows it.

    >>> as_html("a < b")
    '<p>a &lt; b</p>'
    """
    return "".join(f"<p>{html.escape(plain(one), quote=False)}</p>" for one in paragraphs if one)


def fits(text: str, most: int) -> str | None:
    """Return a text in plain words when it is short enough and holds no tag; else nothing."""
    said = plain(text)
    return said if said and len(said) <= most and not set(said) & set("<>") else None


def load_markdown(name: str) -> Template:
    """Return a Markdown template in which all that is filled in is made harmless."""
    environment = Environment(
        loader=FileSystemLoader(room("reports", "templates")),
        autoescape=True,
        finalize=lambda said: Markup(markdown(str(said))),  # noqa: S704 - escaped right here
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(f"{name}.md.j2")


def _unlisted(found: re.Match[str]) -> str:
    mark = found.group(1)
    return f"{mark}\\" if mark.isdigit() else f"\\{mark}"


def _unlinked(found: re.Match[str]) -> str:
    """Keep an address from being made a link: it reads the same, and leads nowhere."""
    return (
        f"{found.group(2)}&#46;"
        if found.group(2)
        else f"&#{ord(found.group(1)[0])};" + (found.group(1)[1:])
    )
