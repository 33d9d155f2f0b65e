"""The way to older and newer rows of a list, and which filters go along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_continuum.admin.contexts import Link, Pager
from flask_continuum.engine.read.results import Page
from flask_continuum.presenters.words import _


def make_pager(
    page: Page[Any],
    url_of: Callable[..., str],
    query: Mapping[str, str],
    *,
    what: str,
) -> Pager:
    """The pager of a list.

    :param url_of: makes the address of the list from a query.
    :param query: the filters, without the cursor.
    :param what: what the rows are: ``versions``.
    """
    if page.newer is None and page.older is None:
        return Pager()
    newer = (
        Link(label=f"Newer {what}", url=url_of(**query, cursor=page.newer)) if page.newer else None
    )
    older = (
        Link(label=f"Older {what}", url=url_of(**query, cursor=page.older)) if page.older else None
    )
    words = "" if newer and older else (_("Newest shown") if newer is None else _("Oldest shown"))
    return Pager(newer=newer, older=older, words=words)
