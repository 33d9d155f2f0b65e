"""Readable names of fields, models, records and people."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Mapping
from typing import Any, Final

from .characters import one_line, shorten, visible
from .words import spoken, up_to

#: The attributes that name a record, the first with text in it wins.
LABEL_ATTRIBUTES = (
    "title", "name", "label", "subject", "headline", "username", "email", "slug",
)  # fmt: skip
LABEL_LIMIT = 120
#: Avatars come in this many colours.
COLOURS = 6

_ACRONYMS: Final = {
    "api", "css", "csv", "faq", "html", "http", "https", "iban", "id", "ids", "ip", "isbn", "iso",
    "json", "pdf", "rss", "seo", "sku", "sms", "sql", "tls", "ui", "uid", "uri", "url", "urls",
    "utc", "uuid", "vat", "xml",
}  # fmt: skip
_IRREGULAR: Final = {"person": "people", "child": "children", "man": "men", "woman": "women",
              "foot": "feet", "tooth": "teeth", "goose": "geese", "mouse": "mice",
              "ox": "oxen", "criterion": "criteria", "medium": "media", "datum": "data",
              "axis": "axes", "index": "indexes", "quiz": "quizzes", "hero": "heroes",
              "potato": "potatoes", "tomato": "tomatoes", "echo": "echoes",
              "leaf": "leaves", "shelf": "shelves", "half": "halves", "wolf": "wolves",
              "life": "lives", "wife": "wives", "knife": "knives"}  # fmt: skip
_UNCOUNTABLE: Final = {
    "advice", "data", "equipment", "feedback", "information", "media", "metadata", "money",
    "music", "news", "people", "series", "sheep", "software", "species", "staff", "stock",
}  # fmt: skip
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z][^\WA-Z_]*|[^\WA-Z_]+")
_NAME_PARTS = re.compile(r"[^\W_]+")


def humanise(key: str) -> str:
    """Turn an attribute or member name into words: "published_at" into "Published at".

    Camel case is split and acronyms stay in capitals: "wordCount", "source_url" give "Word
    count", "Source URL". A name without any letter or digit is shown as it is. In another language
    it is what the application calls it.
    """
    return spoken().name(_humanise(key))


def _humanise(key: str) -> str:
    words = [_word(word) for word in _WORDS.findall(key)]
    if not words:
        return visible(key)
    first = words[0]
    return " ".join([first[:1].upper() + first[1:], *words[1:]])


def model_label(name: str) -> str:
    """Turn a class name into words: "NewsArticle" into "News article"."""
    return humanise(name)


def model_label_plural(name: str) -> str:
    """Turn a class name into a plural: "NewsArticle" into "News articles"."""
    return spoken().name(plural(_humanise(name)))


def plural(words: str) -> str:
    """Return the English plural of a phrase, which is that of its last word."""
    head, space, last = words.rpartition(" ")
    return f"{head}{space}{_plural_word(last)}"


def count_of(
    number: int, singular: str, many: str | None = None, *, most: int | None = None
) -> str:
    """Return a number of records: "1 article", "1,204 articles"; what else is counted has its own
    sentence in :mod:`~flask_continuum.presenters.words`.

    :param many: the plural where the rules of English do not give it
    :param most: how far was counted; more are "over 1,000 articles"
    """
    return f"{up_to(number, most)} {singular if number == 1 else many or plural(singular)}"


def sentence_case(label: str) -> str:
    """Return a label as it stands inside a sentence: "News article" gives "news article"."""
    return spoken().inside(label)


def record_label(values: Mapping[str, Any]) -> str | None:
    """Return what a record is called, or None when no attribute says it.

    :param values: attribute values that the reader may see; masked ones must be left out
    """
    for attribute in LABEL_ATTRIBUTES:
        value = values.get(attribute)
        if isinstance(value, str):
            # Only the beginning is looked at: a label need not walk through a megabyte.
            line = one_line(visible(value[: LABEL_LIMIT * 8]))
            if line:
                short = shorten(line, LABEL_LIMIT)
                return short if short == line else f"{short}…"
    return None


def record_name(values: Mapping[str, Any], model: str, key: tuple[Any, ...]) -> str:
    """Return the record's label, or "Article 42" when it has none.

    :param model: the model's label
    :param key: the values of the primary key
    """
    return record_label(values) or key_name(model, key)


def key_name(model: str, key: tuple[Any, ...]) -> str:
    """Return "Article 42", the name that every record has."""
    shown = ", ".join(shorten(one_line(visible(key_text(part))), 60) for part in key)
    return f"{model} {shown}"


def key_text(part: Any) -> str:
    """Return a part of a key as text; bytes in hex, and never an error."""
    if isinstance(part, bytes):
        return part[:30].hex()
    try:
        return str(part)
    except Exception:
        # A type of the application may fail in its own __str__, and a page must still show.
        return f"({type(part).__name__})"


def initials(name: str) -> str:
    """Return one or two capitals for an avatar: "Maya Lind" gives "ML", nothing gives "?".

    Of an address only the part before the @ counts.
    """
    parts = _NAME_PARTS.findall(unicodedata.normalize("NFC", name[:200]).partition("@")[0])
    if not parts:
        return "?"
    chosen = parts[:1] if len(parts) == 1 else [parts[0], parts[-1]]
    return "".join(part[0].upper()[:1] for part in chosen)


def colour(name: str) -> int:
    """Return a colour number from 0 to 5 that is always the same for a name."""
    settled = one_line(unicodedata.normalize("NFC", name[:200])).casefold()
    return zlib.crc32(settled.encode("utf-8", "surrogatepass")) % COLOURS


def _word(word: str) -> str:
    lowered = word.lower()
    if lowered in _ACRONYMS:
        return "IDs" if lowered == "ids" else "URLs" if lowered == "urls" else word.upper()
    return word if word.isupper() else lowered


def _plural_word(word: str) -> str:
    lowered = word.lower()
    if not lowered or lowered in _UNCOUNTABLE:
        return word
    if len(word) > 1 and word.isupper():
        return f"{word}s"
    if lowered in _IRREGULAR:
        many = _IRREGULAR[lowered]
        return many.capitalize() if word[0].isupper() else many
    if lowered.endswith("y") and lowered[-2:-1] not in ("", *"aeiou"):
        return f"{word[:-1]}ies"
    if lowered.endswith("sis"):
        return f"{word[:-2]}es"
    if lowered.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    return f"{word}s"
