"""Any value that a column may hold, as a person reads it. Nothing here raises because of data."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Final

from .characters import plain, shorten, visible
from .dates import as_utc, clock_text, date_text, in_zone, zone_name
from .formats import duration_text, json_text, number_text, printed, size_text
from .labels import humanise
from .words import N_, _, ngettext, number, spoken

__all__ = [
    "DEFAULT_VIEW", "EMPTY", "NOT_RECORDED", "NULL", "Display", "DisplayKind", "View", "display",
    "instant_display", "json_text", "masked", "text_display",
]  # fmt: skip

#: Characters of a text that are shown at first.
TEXT_LIMIT = 280
#: Characters of the whole text that a page still carries in a fold.
WHOLE_LIMIT = 20_000
#: Bytes that are hashed for their digest; more take longer than a page has.
HASH_LIMIT = 64 * 1024 * 1024
#: Items of a list or set that are shown one by one.
ITEM_LIMIT = 20


class DisplayKind(StrEnum):
    """How a template draws a value; also the suffix of a class name in the stylesheet."""

    NULL = "null"
    EMPTY = "empty"
    NOT_RECORDED = "not_recorded"
    ERASED = "erased"
    UNREADABLE = "unreadable"
    MASKED = "masked"
    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    TIMEDELTA = "timedelta"
    ENUM = "enum"
    UUID = "uuid"
    DECIMAL = "decimal"
    BYTES = "bytes"
    JSON = "json"
    LIST = "list"
    SET = "set"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Display:
    """A value ready for a template; every text in it encodes to UTF-8 and needs escaping only.

    :param text: what is shown first
    :param title: more, for the ``title`` attribute: the exact UTC instant, an enum's name
    :param length: the full length of what was shortened (characters, bytes, items), else None
    :param whole: the whole of a shortened text or JSON value, as far as a page carries it
    :param cut: true when even ``whole`` is not all of it
    :param iso: the value of a ``datetime`` attribute
    :param digest: the first 8 hex digits of the SHA-256 of bytes
    :param reason: why a value is masked
    :param items: the items of a list or set
    :param href: where the value links to; set by the caller
    :param note: a line below the value ("City has been called Metro since …"); set by the caller
    :param raw: the value itself, for JSON; nothing of one that is hidden or was not recorded
    """

    kind: DisplayKind
    text: str
    title: str | None = None
    length: int | None = None
    whole: str | None = None
    cut: bool = False
    iso: str | None = None
    digest: str | None = None
    reason: str | None = None
    items: tuple[Display, ...] = ()
    href: str | None = None
    note: str | None = None
    raw: Any = field(default=None, repr=False, compare=False)

    @property
    def is_nothing(self) -> bool:
        """True for NULL, empty text, not recorded and erased, which are written in italics."""
        return self.kind in _NOTHINGS

    @property
    def needs_legend(self) -> bool:
        """True when a page that shows it explains its sign: nothing, not recorded, hidden."""
        return self.is_nothing or self.reason is not None

    @property
    def is_short(self) -> bool:
        """True when all of the value is shown."""
        return self.length is None

    @property
    def is_chip(self) -> bool:
        """True for values that are drawn as a chip."""
        return self.kind in (DisplayKind.ENUM, DisplayKind.BOOLEAN)

    def __str__(self) -> str:
        return self.text


_NOTHINGS: Final = frozenset(
    {DisplayKind.NULL, DisplayKind.EMPTY, DisplayKind.NOT_RECORDED, DisplayKind.ERASED}
)


class _Never:
    """The type of the default sentinel, which equals no value of any record."""


@dataclass(frozen=True, slots=True)
class View:
    """How the reader of a page sees values.

    :param zone: the zone in which instants are shown; naive datetimes of columns stay as they are
    :param not_recorded: the engine's sentinel for a value that was never recorded, recognised by
        identity, so that presenters need not import the engine
    :param unreadable: the engine's type of values that cannot be read any more, with the name of
        their ``type`` and their ``size``
    :param erased: the engine's type of values that were erased, with ``at`` and ``by``
    :param limit: characters of a text that are shown at first
    """

    zone: tzinfo = UTC
    not_recorded: object = field(default_factory=_Never)
    unreadable: type[Any] = _Never
    erased: type[Any] = _Never
    limit: int = TEXT_LIMIT


DEFAULT_VIEW: Final = View()
NULL: Final = Display(DisplayKind.NULL, N_("not set"))
EMPTY: Final = Display(DisplayKind.EMPTY, N_("empty text"))
NOT_RECORDED: Final = Display(DisplayKind.NOT_RECORDED, N_("not recorded"))


def masked(reason: str) -> Display:
    """Return the display of a value that the reader may not see; nothing of the value is in it."""
    return Display(DisplayKind.MASKED, "••••••••", reason=reason)


def display(value: Any, view: View = DEFAULT_VIEW) -> Display:
    """Return how a value is shown, whatever it is.

    :param value: a column's value, or the sentinel that ``view`` names
    :return: a :class:`Display`; a value that cannot even be printed shows as its type
    """
    if value is view.not_recorded:
        return _said(NOT_RECORDED)
    if value is None:
        return _said(NULL)
    if isinstance(value, view.erased):
        return _erased(value, view)
    if isinstance(value, view.unreadable):
        title = _("recorded as %(type)s", type=value.type)
        if value.size is not None:
            title = f"{title}, {size_text(value.size)}"
        return Display(
            DisplayKind.UNREADABLE,
            _("cannot be read any more"),
            title=title,
        )
    try:
        return replace(_display(value, view), raw=value)
    except Exception:
        # Types of the application run their own code here (__str__, __iter__, hashing), and a
        # page of history must show whatever they do. The type's name is all that is safe.
        return Display(DisplayKind.OTHER, f"({type(value).__name__})", title=_("cannot be printed"))


def text_display(text: str, view: View = DEFAULT_VIEW) -> Display:
    """Return the display of a text: empty, short, or long with the fact that there is more."""
    if not text:
        return _said(EMPTY)
    if len(text) <= view.limit:
        return Display(DisplayKind.TEXT, visible(text))
    return Display(
        DisplayKind.LONG_TEXT,
        visible(shorten(text, view.limit)) + "…",
        length=len(text),
        whole=visible(text[:WHOLE_LIMIT]),
        cut=len(text) > WHOLE_LIMIT,
    )


def instant_display(value: datetime, view: View = DEFAULT_VIEW) -> Display:
    """Return a datetime in the view's zone, with UTC beside it; a naive one as it stands."""
    seconds = f":{value.second:02}" if value.second else ""
    if value.tzinfo is None:
        return Display(
            DisplayKind.DATETIME,
            f"{date_text(value)}, {clock_text(value)}{seconds}",
            title=_("%(instant)s, no time zone", instant=value.isoformat(" ")),
            iso=value.isoformat(),
        )
    exact = as_utc(value)
    local = in_zone(exact, view.zone)
    return Display(
        DisplayKind.DATETIME,
        f"{date_text(local)}, {clock_text(local)}{seconds} {zone_name(local)}".rstrip(),
        title=exact.replace(tzinfo=None).isoformat(" ") + " UTC",
        iso=exact.isoformat().replace("+00:00", "Z"),
    )


def _erased(value: Any, view: View) -> Display:
    title = None
    if value.at is not None:
        on = date_text(in_zone(as_utc(value.at), view.zone))
        title = _("erased on %(date)s", date=on)
        if value.by is not None:
            title = _("erased on %(date)s by %(who)s", date=on, who=visible(value.by))
    return Display(DisplayKind.ERASED, title or _("erased"))


def _said(nothing: Display) -> Display:
    return replace(nothing, text=_(nothing.text))


def _display(value: Any, view: View) -> Display:
    if isinstance(value, Enum):
        name = value.name or printed(value)
        return Display(
            DisplayKind.ENUM,
            humanise(name.lower() if name.isupper() else name),
            title=visible(f"{type(value).__name__}.{name}"),
        )
    for kind, show in _SHOWN:
        if isinstance(value, kind):
            return show(value, view)
    return _short(DisplayKind.OTHER, printed(value), view)


def _boolean(value: bool, view: View) -> Display:
    return Display(DisplayKind.BOOLEAN, _("Yes") if value else _("No"))


def _number(value: int | float, view: View) -> Display:
    return _short(DisplayKind.NUMBER, spoken().decimal(number_text(value)), view)


def _decimal(value: Decimal, view: View) -> Display:
    return _short(DisplayKind.DECIMAL, spoken().decimal(number_text(value)), view)


def _date(value: date, view: View) -> Display:
    return Display(DisplayKind.DATE, date_text(value), iso=value.isoformat())


def _time(value: time, view: View) -> Display:
    return Display(DisplayKind.TIME, value.isoformat(), iso=value.isoformat())


def _timedelta(value: timedelta, view: View) -> Display:
    return Display(DisplayKind.TIMEDELTA, duration_text(value), title=str(value))


def _uuid(value: uuid.UUID, view: View) -> Display:
    return Display(DisplayKind.UUID, str(value))


def _bytes(value: bytes | bytearray | memoryview, view: View) -> Display:
    content = bytes(value)
    if not content:
        return Display(DisplayKind.BYTES, size_text(0), length=0)
    digest = hashlib.sha256(content).hexdigest()[:8] if len(content) <= HASH_LIMIT else None
    title = ngettext("%(num)s byte", "%(num)s bytes", len(content))
    if digest:
        title = _("%(size)s, SHA-256 starts with %(digest)s", size=title, digest=digest)
    return Display(
        DisplayKind.BYTES,
        f"{_format_of(content)}{size_text(len(content))}",
        title=title,
        length=len(content),
        digest=digest,
    )


def _json(value: Mapping[Any, Any], view: View) -> Display:
    return _short(DisplayKind.JSON, json_text(value), view)


def _list(value: list[Any] | tuple[Any, ...], view: View) -> Display:
    if any(isinstance(item, (Mapping, list, tuple)) for item in value):
        return _short(DisplayKind.JSON, json_text(value), view)
    return _items(DisplayKind.LIST, list(value), view)


def _set(value: Set[Any], view: View) -> Display:
    # A set has no order; one that is the same for equal sets makes pages repeatable.
    return _items(DisplayKind.SET, sorted(value, key=printed), view)


def _items(kind: DisplayKind, values: list[Any], view: View) -> Display:
    if not values:
        return Display(kind, _("empty list") if kind is DisplayKind.LIST else _("empty set"))
    shown = tuple(display(item, view) for item in values[:ITEM_LIMIT])
    rest = len(values) - len(shown)
    text = ", ".join(item.text for item in shown)
    if rest:
        text = _("%(items)s and %(number)s more", items=text, number=number(rest))
    return Display(
        kind, text, title=ngettext("%(num)s item", "%(num)s items", len(values)), items=shown,
        length=len(values) if rest else None,
    )  # fmt: skip


def _text(value: str, view: View) -> Display:
    return text_display(plain(value), view)


def _short(kind: DisplayKind, text: str, view: View) -> Display:
    shown = text_display(text, view)
    if shown.kind is DisplayKind.EMPTY:
        return Display(kind, _("(prints as nothing)"))
    return Display(kind, shown.text, length=shown.length, whole=shown.whole, cut=shown.cut)


def _format_of(content: bytes) -> str:
    for start, name in _SIGNATURES:
        if content.startswith(start):
            return f"{name}, "
    return ""


_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "ZIP"),
    (b"\x1f\x8b", "gzip"),
)

# The first type that fits decides, so a subclass stands before its base (bool before int).
_SHOWN: Final[tuple[tuple[Any, Callable[[Any, View], Display]], ...]] = (
    (str, _text),
    (bool, _boolean),
    ((int, float), _number),
    (Decimal, _decimal),
    (datetime, instant_display),
    (date, _date),
    (time, _time),
    (timedelta, _timedelta),
    (uuid.UUID, _uuid),
    ((bytes, bytearray, memoryview), _bytes),
    (Mapping, _json),
    ((list, tuple), _list),
    (Set, _set),
)
