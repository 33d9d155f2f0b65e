"""Takes out of a feed what was found by a value that the person may not see.

Fields that are hidden of a whole model are never looked into. A policy may also hide a field of
some records only, which no query knows: what was found by such a field is left out afterwards.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask_continuum.admin.subjects import visible_entries
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.databases import databases, is_from
from flask_continuum.engine.read.feed import FeedFilter
from flask_continuum.engine.read.results import Entry, Page, TransactionRow
from flask_continuum.engine.read.search import label_attributes
from flask_continuum.engine.read.touched import touched_entries
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.policy import DefaultPolicy

MOST = 500
"""Records of one model that are looked at; what is found among later ones only is left out."""


def without_hidden_matches(
    visit: Visit, page: Page[TransactionRow], wanted: FeedFilter
) -> Page[TransactionRow]:
    """A page of a feed without what only a hidden value has brought there.

    Costs no statement where the policy decides by the model alone.
    """
    if wanted.field is None and wanted.text is None:
        return page
    if type(visit.access.policy).decide is DefaultPolicy.decide or not page.items:
        return page
    open_rows = {row.transaction for row in page if _is_said(row.transaction, wanted)}
    rest = [row.transaction for row in page if row.transaction not in open_rows]
    for database in databases(visit.session, visit.registry):
        own = {each.id: each for each in rest if is_from(each, database)}
        if not own:
            continue
        for versioned in wanted.among(database.entries):
            open_rows |= _shown(visit, versioned, own, wanted)
    return replace(page, items=tuple(row for row in page if row.transaction in open_rows))


def _is_said(transaction: Any, wanted: FeedFilter) -> bool:
    if wanted.text is None or wanted.field is not None:
        return False
    text = wanted.text.casefold()
    said = (transaction.reason, transaction.actor)
    return any(each is not None and text in each.casefold() for each in said)


def _shown(
    visit: Visit, versioned: VersionedClass, transactions: dict[int, Any], wanted: FeedFilter
) -> set[Any]:
    entries = touched_entries(visit.session, versioned, transactions, limit=MOST)
    return {
        entry.transaction
        for entry, live in visible_entries(visit, versioned, entries)
        if _matches(visit, versioned, entry, live, wanted)
    }


def _matches(
    visit: Visit, versioned: VersionedClass, entry: Entry, live: Any, wanted: FeedFilter
) -> bool:
    versions = tuple(each for each in (entry.previous, entry.version) if each is not None)
    masks = visit.masks(versioned, record=live, versions=versions)
    if wanted.field is not None:
        changed = {each.key for each in entry.fields}
        changed |= {each.relationship for each in entry.links}
        if wanted.field in masks or wanted.field not in changed:
            return False
    if wanted.text is None:
        return True
    text = wanted.text.casefold()
    names = (getattr(entry.version, key) for key in label_attributes(versioned) if key not in masks)
    texts = [*names, *versioned.key_of(entry.version)]
    return any(each is not None and text in str(each).casefold() for each in texts)
