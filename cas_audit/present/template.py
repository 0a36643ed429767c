"""The templates of the pages: what is filled in is escaped, and nothing may be left out."""

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from cas_audit.rooms import room

__all__ = ["load_template"]


def load_template(name: str) -> Template:
    """Return a template of the reports room."""
    environment = Environment(
        loader=FileSystemLoader(room("reports", "templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(f"{name}.html.j2")
