"""Keeps the catalogues: finds what code and templates say, and writes it into each ``.po``.

``make words`` calls it. What is new comes in without a translation, what is said no more goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from flask_continuum.admin.folders import find_folders
from flask_continuum.languages import DOMAIN, FOLDER

HEADER = "# What the history says, in another language. Kept by `make words`."
CODE = FOLDER.parent
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2), "hc": None, "hc_count": (1, 2)}


def messages() -> Iterator[tuple[str, str | tuple[str, str]]]:
    """What is said, with the file that says it."""
    for folder, method in ((CODE, "python"), (find_folders().templates, "jinja2")):
        pattern = "**.py" if method == "python" else "**.html"
        found = extract_from_dir(
            folder,
            [(pattern, method)],
            {pattern: {"encoding": "utf-8", "silent": "false"}},
            keywords=KEYWORDS,
        )
        for name, _line, message, _comments, _context in found:
            yield name, message if isinstance(message, str) else (message[0], message[1])


def said() -> Catalog:
    """An empty catalogue of everything that is said."""
    catalog = Catalog(project="flask-continuum", domain=DOMAIN, header_comment=HEADER)
    for name, message in sorted(messages(), key=lambda found: (found[0], str(found[1]))):
        catalog.add(message, locations=[(name, 1)])
    return catalog


def read(path: Path) -> Catalog:
    """The catalogue in a file."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem, domain=DOMAIN)


def update(path: Path) -> None:
    """Bring a catalogue up to what is said; texts that changed lose their translation."""
    catalog, now = read(path), said()
    created = catalog.creation_date  # so that nothing differs where no text does
    catalog.update(now, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.creation_date = created
    catalog.revision_date = created
    catalog.fuzzy = False
    with path.open("wb") as file:
        write_po(file, catalog, width=96, omit_header=False, include_lineno=False)


if __name__ == "__main__":
    for each in sorted(FOLDER.glob("*.po")):
        update(each)
        missing = [message.id for message in read(each) if message.id and not message.string]
        print(f"{each.name}: {len(missing)} texts have no translation")
