"""One transaction."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from flask_continuum.admin.errors import not_found
from flask_continuum.admin.gate import page
from flask_continuum.admin.pages.transaction import build_transaction, visible_of_each
from flask_continuum.admin.rendering import show
from flask_continuum.admin.subjects import find_model, read_number
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.transactions import (
    transaction_by_uid,
    transaction_entries,
    transaction_neighbours,
)


@page
def transaction(visit: Visit, uid: str) -> ResponseReturnValue:
    """Show everything that changed together."""
    found = find_transaction(visit, uid)
    entries = visible_of_each(visit, transaction_entries(visit.session, visit.state.manager, found))
    if not any(entries.values()):
        raise not_found()
    asked = request.args.get("model")
    return show(
        "transaction",
        build_transaction(
            visit,
            found,
            entries,
            transaction_neighbours(visit.session, found),
            only=find_model(visit, asked).model if asked else None,
            start=read_number(request.args.get("start"), "start") or 0,
        ),
    )


def find_transaction(visit: Visit, uid: str) -> Any:
    """The transaction with a uid, or with an id in digits.

    :raises NotFound: when there is none.
    """
    found = transaction_by_uid(visit.session, visit.state.manager, uid)
    if found is None:
        raise not_found()
    return found
