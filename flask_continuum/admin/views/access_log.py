"""Who looked at which page of the history, for those who may know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden

from flask_continuum.access_log import AccessEntry, read_access_log
from flask_continuum.admin.errors import bad_request
from flask_continuum.admin.gate import page
from flask_continuum.admin.pages.access_log import AccessFilter, build_access_log
from flask_continuum.admin.rendering import show
from flask_continuum.admin.subjects import live_records
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.conditions import GREATEST_ID, fits
from flask_continuum.engine.read.cursors import BadCursor
from flask_continuum.engine.read.fates import fates
from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.presenters.addresses import BadAddress, key_at


@page
def access_log(visit: Visit) -> ResponseReturnValue:
    """Show who looked, newest first."""
    may = visit.access.may_view_access_log()
    if not may.allowed:
        raise Forbidden(may.reason)
    wanted = AccessFilter(
        text=request.args.get("q", "").strip(), answer=request.args.get("answer", "")
    )
    hidden = [
        visit.links.segments[versioned.model]
        for versioned in visit.registry.classes()
        if not visit.access.sees_model(versioned.model)
    ]
    try:
        found = read_access_log(
            visit.session,
            who=wanted.who,
            model=wanted.model,
            key=wanted.key,
            allowed=wanted.allowed,
            hidden_models=hidden,
            cursor=request.args.get("cursor") or None,
            limit=visit.page_size,
        )
    except BadCursor as error:
        raise bad_request(str(error)) from error
    shown = replace(found, items=_without_hidden(visit, found.items))
    return show("access_log", build_access_log(visit, wanted, shown))


def _without_hidden(visit: Visit, entries: Sequence[AccessEntry]) -> tuple[AccessEntry, ...]:
    """The entries but for those about records that the reader may not see.

    Costs two or three statements for each model, whatever the number of entries.
    """
    asked: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.model is not None and entry.key is not None:
            asked[entry.model].add(entry.key)
    hidden = set()
    for segment, keys in asked.items():
        versioned = visit.links.model_at(segment)
        if versioned is not None:
            seen = _visible_keys(visit, versioned, keys)
            hidden |= {(segment, key) for key in keys - seen}
    return tuple(each for each in entries if (each.model, each.key) not in hidden)


def _visible_keys(visit: Visit, versioned: VersionedClass, segments: set[str]) -> set[str]:
    """Those of some keys, as addresses have them, whose record may be seen, be it gone."""
    keys: dict[str, Key] = {}
    for segment in segments:
        try:
            key = key_at(versioned, segment)
        except BadAddress:  # no record has such a key, or it was too long for the log
            continue
        if all(map(fits, key)):
            keys[segment] = key
    newest = fates(visit.session, versioned.model, set(keys.values()), GREATEST_ID)
    lives = live_records(visit, versioned, keys.values())
    seen = set()
    for segment, key in keys.items():
        version = newest[key].version if key in newest else None
        model = versioned.model if version is None else visit.registry.of(version).model
        if visit.access.sees(model, record=lives.get(key), version=version):
            seen.add(segment)
    return seen
