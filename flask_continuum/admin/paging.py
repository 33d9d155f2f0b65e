"""The way to older and newer rows of a list, and which filters go along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_continuum.admin.contexts import Link, Pager
from flask_continuum.engine.read.results import Page
from flask_continuum.presenters.words import N_, _

CHANGES = (N_("Newer changes"), N_("Older changes"))
VERSIONS = (N_("Newer versions"), N_("Older versions"))
RECORDS = (N_("Newer records"), N_("Older records"))


def make_pager(
    page: Page[Any],
    url_of: Callable[..., str],
    query: Mapping[str, str],
    words: tuple[str, str],
) -> Pager:
    """The pager of a list.

    :param url_of: makes the address of the list from a query.
    :param query: the filters, without the cursor.
    :param words: of the links to newer and to older rows, to be said here.
    """
    if page.newer is None and page.older is None:
        return Pager()
    newer = Link(label=_(words[0]), url=url_of(**query, cursor=page.newer)) if page.newer else None
    older = Link(label=_(words[1]), url=url_of(**query, cursor=page.older)) if page.older else None
    rest = "" if newer and older else (_("Newest shown") if newer is None else _("Oldest shown"))
    return Pager(newer=newer, older=older, words=rest)
