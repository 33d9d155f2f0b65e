"""Displayed values as JSON has them: typed, and never more of them than a page would show."""

from __future__ import annotations

from typing import Any, Final

from .exports import json_value
from .formats import number_text
from .values import Display, DisplayKind

SAFE_INTEGER: Final = 2**53
"""Integers from here on are texts: most readers of JSON keep numbers as floating point."""
_TYPED: Final = frozenset(
    {
        DisplayKind.NUMBER, DisplayKind.BOOLEAN, DisplayKind.DATE, DisplayKind.DATETIME,
        DisplayKind.TIME, DisplayKind.TIMEDELTA, DisplayKind.ENUM, DisplayKind.UUID,
        DisplayKind.DECIMAL, DisplayKind.TEXT, DisplayKind.JSON,
    }
)  # fmt: skip


def display_json(shown: Display) -> dict[str, Any]:
    """Return a value as an object that says what kind it is.

    ``value`` is there for what was recorded and may be seen: ``null`` for NULL, and absent for what
    was not recorded, is hidden, was erased, or cannot be read any more.
    """
    found: dict[str, Any] = {"kind": shown.kind.value}
    match shown.kind:
        case DisplayKind.NULL:
            found["value"] = None
        case DisplayKind.EMPTY:
            found["value"] = ""
        case DisplayKind.NOT_RECORDED:
            pass
        case DisplayKind.MASKED:
            found["reason"] = shown.reason
        case DisplayKind.BYTES:
            found |= {"length": shown.length, "digest": shown.digest, "text": shown.text}
        case DisplayKind.UNREADABLE | DisplayKind.ERASED | DisplayKind.OTHER:
            found |= {"text": shown.text}
        case DisplayKind.LIST | DisplayKind.SET:
            found["value"] = [display_json(item) for item in shown.items]
        case _ if shown.href is not None:
            found |= {"kind": "record", "value": shown.text, "name": shown.title, "url": shown.href}
        case _ if shown.whole is not None and (shown.cut or shown.kind not in _TYPED):
            found["value"] = shown.whole
        case _:
            found |= {"value": _typed(shown), "text": shown.text}
    if shown.length is not None:
        found |= {"length": shown.length, "cut": shown.cut}
    if shown.note is not None:
        found["note"] = shown.note
    return found


def _typed(shown: Display) -> Any:
    if shown.raw is None or shown.kind not in _TYPED:
        return shown.text
    try:
        return _safe(json_value(shown.raw))
    except Exception:
        # Types of the application run their own code here, as where they are displayed.
        return shown.text


def _safe(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= SAFE_INTEGER:
        return number_text(value)
    if isinstance(value, dict):
        return {key: _safe(each) for key, each in value.items()}
    return [_safe(each) for each in value] if isinstance(value, list) else value
