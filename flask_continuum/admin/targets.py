"""Where to go after a POST: only to a page of the same site."""

from __future__ import annotations

from urllib.parse import urlsplit


def safe_target(candidate: str | None, default: str) -> str:
    r"""``candidate`` when it is a path on this site, else ``default``.

    Browsers read a backslash as a slash and drop tabs and line ends, so that ``/\\evil.example``
    would lead away; such addresses are refused, as is everything with a host or a scheme.
    """
    if not candidate or not candidate.isprintable() or "\\" in candidate:
        return default
    if not candidate.startswith("/") or candidate.startswith("//"):
        return default
    try:
        parts = urlsplit(candidate)
    except ValueError:
        return default
    return default if parts.scheme or parts.netloc else candidate
