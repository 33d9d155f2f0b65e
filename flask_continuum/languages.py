"""The languages that the history is shown in: Flask-Babel's, as far as there is a catalogue.

Without Flask-Babel everything is in English. The catalogues are texts, one file for a language in
``translations/``, and are read when somebody first wants that language; the host's own catalogues
are neither read nor changed by that.
"""

from __future__ import annotations

from datetime import date, datetime
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.presenters.words import ENGLISH, Language

if TYPE_CHECKING:
    from babel import Locale
    from babel.support import Translations

DOMAIN = "continuum"
FOLDER = Path(__file__).parent / "translations"


class Languages:
    """The languages of one application, each read once.

    :param own: a folder with catalogues of the application, whose texts go before ours.
    """

    def __init__(self, own: Path | None = None) -> None:
        self._folders = (FOLDER,) if own is None else (FOLDER, own)
        self._read: dict[str, Language] = {}

    def current(self) -> Language:
        """Return the language of the request: that of Flask-Babel, else English."""
        if "babel" not in current_app.extensions:
            return ENGLISH
        locale = import_module("flask_babel").get_locale()
        return ENGLISH if locale is None else self.find(locale)

    def find(self, locale: Locale) -> Language:
        """Return the language of a locale; English where it has no catalogue."""
        name = str(locale)
        if name not in self._read:
            self._read[name] = self._load(locale)
        return self._read[name]

    def _load(self, locale: Locale) -> Language:
        names = dict.fromkeys((str(locale), locale.language))
        for name in names:
            paths = [path for each in self._folders if (path := each / f"{name}.po").is_file()]
            if paths:
                return BabelLanguage(locale, name, _read_catalogues(paths, locale))
        return ENGLISH


class BabelLanguage(Language):
    """A language with a catalogue; dates and numbers are Babel's."""

    def __init__(self, locale: Locale, name: str, texts: Translations) -> None:
        self._dates = import_module("babel.dates")
        self._numbers = import_module("babel.numbers")
        self._host = import_module("flask_babel").gettext
        self._locale = locale
        self._texts = texts
        self.code = name.replace("_", "-")
        self.direction = locale.text_direction

    def text(self, message: str) -> str:
        """Return the translation of an English text."""
        return self._texts.gettext(message)

    def plural(self, one: str, many: str, number: int) -> str:
        """Return the translation that fits a number."""
        return self._texts.ngettext(one, many, number)

    def name(self, label: str) -> str:
        """Return what the application's own catalogue calls one of its models or fields."""
        found: str = self._host(label)
        return found

    def inside(self, label: str) -> str:
        """Return a label as it is: only in English does a name begin small in a sentence."""
        return label

    def number(self, value: int) -> str:
        """Return a count with the signs of the locale."""
        found: str = self._numbers.format_decimal(value, locale=self._locale)
        return found

    def decimal(self, digits: str) -> str:
        """Return a number that is written with a point, with the sign of the locale."""
        sign: str = self._numbers.get_decimal_symbol(self._locale)
        return digits.replace(".", sign)

    def short_date(self, day: date) -> str:
        """Return a date with the name of its month, shortened."""
        return self._as("yMMMd", day)

    def day_of_month(self, day: date, *, year: bool = False) -> str:
        """Return a date with the whole name of its month."""
        return self._as("yMMMMd" if year else "MMMMd", day)

    def short_day(self, day: date) -> str:
        """Return a date without its year."""
        return self._as("MMMd", day)

    def weekday(self, day: date) -> str:
        """Return the name of a day."""
        found: str = self._dates.format_date(day, "EEEE", locale=self._locale)
        return found

    def clock(self, instant: datetime) -> str:
        """Return the time of a day."""
        return f"{instant.hour:02}:{instant.minute:02}"

    def _as(self, skeleton: str, day: date) -> str:
        found: str = self._dates.format_skeleton(skeleton, day, locale=self._locale)
        return found


def open_languages(app: Flask, folder: str | None) -> Languages:
    """Return the languages of an application's history.

    :param folder: of the application's own catalogues, inside it unless it is absolute.
    :raises ImproperlyConfigured: when there is no such folder.
    """
    own = None if folder is None else Path(app.root_path) / folder
    if own is not None and not own.is_dir():
        raise ImproperlyConfigured(
            f"CONTINUUM_TRANSLATIONS is {folder!r}, and {own} is no folder. Make it, and put a "
            f"catalogue such as de.po into it."
        )
    return Languages(own)


def _read_catalogues(paths: list[Path], locale: Locale) -> Translations:
    """Read catalogues; what stands in a later one goes before."""
    read_po = import_module("babel.messages.pofile").read_po
    write_mo = import_module("babel.messages.mofile").write_mo
    support: Any = import_module("babel.support")
    found = None
    for path in paths:
        compiled = BytesIO()
        with path.open("rb") as file:
            write_mo(compiled, read_po(file, locale=locale, domain=DOMAIN))
        compiled.seek(0)
        read = support.Translations(compiled, domain=DOMAIN)
        found = read if found is None else found.merge(read)
    assert found is not None
    texts: Translations = found
    return texts
