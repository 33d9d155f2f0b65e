"""Digests of versions, such that the values of some fields can be forgotten.

Each version has a salt, each field one that is derived from it. Without its salt a field's digest
tells nothing of its value, and still stands for it in the digest of the version.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from flask_continuum.engine.errors import ImproperlyConfigured

LEAST_KEY = 16
"""Bytes of a key at least: shorter ones can be tried out."""

_SALTS, _DIGESTS, _FREE = "salts", "digests", "free"


def new_salt() -> str:
    """Return a salt for one version."""
    return secrets.token_hex(16)


def digest_of(
    table: str, number: int, record: str, values: Mapping[str, Any], salt: str | None, kept: Any
) -> str:
    """Return the digest of a version.

    :param values: what its columns hold; NULL counts as nothing, so that columns may come.
    :param salt: that of the version, ``None`` where fields of it were erased.
    :param kept: what :func:`released` has returned then.
    """
    digest = hashlib.blake2b(digest_size=32)
    for part in (table, str(number), record):
        _feed(digest, part.encode(errors="surrogatepass"))
    for name, found in sorted(_fields(values, salt, kept).items()):
        _feed(digest, name.encode())
        _feed(digest, found)
    return digest.hexdigest()


def released(
    values: Mapping[str, Any],
    salt: str | None,
    kept: Any,
    erased: Collection[str],
    *,
    replaced: bool = False,
) -> Mapping[str, Any]:
    """Return what stays of the salts when fields are erased: those of the others, and digests.

    :param values: what the columns hold before.
    :param replaced: whether they get other values, which nothing is said about.
    """
    digests = {name: found.hex() for name, found in _fields(values, salt, kept).items()}
    known = {} if kept is None else kept[_SALTS]
    if salt is None:
        salts = {name: each for name, each in known.items() if name not in erased}
    else:
        salts = {name: _salt(salt, name).hex() for name in values if name not in erased}
    gone = {n: d for n, d in digests.items() if n in erased}
    before = {} if kept is None else kept[_DIGESTS]
    free = [] if kept is None else kept[_FREE]
    free = sorted({*free, *erased}) if replaced else free
    return {_SALTS: salts, _DIGESTS: {**gone, **before}, _FREE: free}


def _fields(values: Mapping[str, Any], salt: str | None, kept: Any) -> dict[str, bytes]:
    """Return the digest of each field that holds something."""
    found = {}
    free = () if kept is None else kept[_FREE]
    salts = {} if kept is None else kept[_SALTS]
    for name, value in values.items():
        if value is None or name in free:
            continue
        # a column that came after the salts were told apart has none
        own = _salt(salt, name) if salt else bytes.fromhex(salts.get(name, ""))
        found[name] = hashlib.blake2b(_as_bytes(value), key=own, digest_size=32).digest()
    if kept is not None:
        found |= {name: bytes.fromhex(each) for name, each in kept[_DIGESTS].items()}
    return found


def holds_erased(values: Mapping[str, Any], kept: Any) -> bool:
    """Tell whether a field that was erased has a value again."""
    if kept is None:
        return False
    return any(values.get(each) is not None for each in kept[_DIGESTS] if each not in kept[_FREE])


def content_of(digests: Iterable[str]) -> str:
    """Return the digest of a transaction, from those of its parts in their order."""
    digest = hashlib.sha256()
    for each in digests:
        _feed(digest, each.encode())
    return digest.hexdigest()


def link_of(before: str, number: int, content: str, key: bytes | None) -> str:
    """Return the link that follows another in the chain."""
    told = (before.encode(), b"%d" % number, content.encode())
    parts = b"".join(b"%d:%b" % (len(part), part) for part in told)
    if key is None:
        return hashlib.sha256(parts).hexdigest()
    return hmac.new(key, parts, hashlib.sha256).hexdigest()


def read_key(key: str | bytes | None) -> bytes | None:
    """Return a key as bytes.

    :raises ImproperlyConfigured: when it is too short to be one.
    """
    found = key.encode() if isinstance(key, str) else key
    if found is not None and len(found) < LEAST_KEY:
        raise ImproperlyConfigured(f"The key of seals has at least {LEAST_KEY} bytes.")
    return found


def name_of_key(key: bytes | None) -> str | None:
    """Return a name by which a key is known again, and from which it cannot be told."""
    if key is None:
        return None
    return hmac.new(key, b"the name of this key", hashlib.sha256).hexdigest()[:16]


def _salt(salt: str, name: str) -> bytes:
    return hashlib.blake2b(name.encode(), key=bytes.fromhex(salt), digest_size=16).digest()


def _as_bytes(value: Any) -> bytes:
    match value:
        case bytes() | bytearray() | memoryview():
            return b"b" + bytes(value)
        case str():
            return b"s" + value.encode(errors="surrogatepass")
        case int():
            return b"i%d" % value
        case _:
            return type(value).__name__.encode() + repr(value).encode()


def _feed(digest: Any, part: bytes) -> None:
    """Add a part, led by its length, so that no two sequences of parts read the same."""
    digest.update(b"%d:" % len(part))
    digest.update(part)
