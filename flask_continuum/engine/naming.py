"""Names that the engine gives: version tables, version classes and their indexes."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable

IDENTIFIER_LIMIT = 63
"""PostgreSQL's limit in bytes, the shortest of the databases supported (MariaDB allows 64)."""


def version_table_name(pattern: str, table_name: str) -> str:
    """Return the version table's name, shortened with a stable digest where a database needs it.

    :param pattern: the option ``table_name``, with one ``%s``.
    :param table_name: the live table's name.
    """
    return fitting(pattern % table_name)


def fitting(name: str) -> str:
    """Return ``name``, or its beginning with a digest of the whole when it is too long."""
    encoded = name.encode()
    if len(encoded) <= IDENTIFIER_LIMIT:
        return name
    digest = hashlib.sha256(encoded).hexdigest()[:8]
    return encoded[: IDENTIFIER_LIMIT - 9].decode(errors="ignore") + "_" + digest


def version_class_name(model: type, *, with_module: bool) -> str:
    """Return the version class's name, such as ``ArticleVersion``.

    :param model: the live class.
    :param with_module: put the module's name in front (the option ``use_module_name``).
    """
    prefix = model.__module__.title().replace(".", "").replace("_", "") if with_module else ""
    return f"{prefix}{model.__name__}Version"


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Return a hint such as `` Did you mean 'exclude'?``, or nothing when no name is near."""
    found = difflib.get_close_matches(name, list(candidates), n=1)
    return f" Did you mean {found[0]!r}?" if found else ""
