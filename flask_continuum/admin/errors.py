"""Pages for what could not be shown, and what they say to whom."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response, current_app, make_response, request
from sqlalchemy.exc import DataError
from werkzeug.exceptions import BadRequest, Forbidden, HTTPException, NotFound, Unauthorized

from flask_continuum.admin import csrf
from flask_continuum.admin.contexts import ErrorPage, Layout, Link
from flask_continuum.admin.layout import make_layout
from flask_continuum.admin.rendering import show
from flask_continuum.admin.visit import open_visit
from flask_continuum.presenters.words import N_, _, spoken
from flask_continuum.state import current_state, spoken_to_reader

WORDS = {
    400: (
        N_("This address cannot be read"),
        N_("Something in it is not as these pages write it."),
    ),
    401: (
        N_("Log in first"),
        N_("The history is open to people who are logged in and may see it."),
    ),
    403: (N_("Not allowed"), N_("You may not do this.")),
    404: (
        N_("Nothing here"),
        N_(
            "There is no such record, version or page, or you may not see it. What was never "
            "versioned has no history, and what was pruned has none any more."
        ),
    ),
    405: (
        N_("Not possible this way"),
        N_("This address exists, but not for this kind of request."),
    ),
}


class NoAccess(Forbidden):
    """The person at the page may not see the history at all.

    :ivar reason: the policy's, for developers.
    """

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class LoginNeeded(Unauthorized):
    """Nobody is logged in, and the application has no login page to go to.

    :ivar reason: the policy's, for developers.
    """

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class VersionPruned(NotFound):
    """A version that was there and was pruned.

    :ivar link: to what is left.
    """

    def __init__(self, words: str, label: str, url: str) -> None:
        super().__init__(words)
        self.link = Link(label=label, url=url)


def bad_request(words: str) -> BadRequest:
    """An error about the address, in words for the person who reads it."""
    return BadRequest(words)


def one_of(name: str, choices: Iterable[str]) -> str:
    """What to say of a part of the address that only has some values."""
    return _("“%(name)s” is one of %(choices)s.", name=name, choices=", ".join(choices))


def not_allowed(words: str) -> Forbidden:
    """An error about something that this person may not do, with the policy's reason."""
    return Forbidden(words)


def not_found() -> NotFound:
    """The one answer for what does not exist and for what may not be seen."""
    return NotFound(_(WORDS[404][1]))


def not_there_then(words: str) -> NotFound:
    """An error about a record that may be seen and was not there at a moment."""
    return NotFound(words)


@spoken_to_reader
def show_http_error(error: HTTPException) -> Response:
    """Answer an error with a page, in the same shape for every cause."""
    if error.response is not None:
        return make_response(error.response)
    if request.endpoint is not None and csrf.note_refusal(error):
        return _show_form_again(request.endpoint)
    status = error.code or 500
    known = WORDS.get(status)
    heading = _(known[0]) if known else error.name
    words = _(known[1]) if known else error.description or ""
    hint = None
    if isinstance(error, NoAccess):
        words = _("You may not see the history.")
    if isinstance(error, NoAccess | LoginNeeded):
        # The policy's reason names settings: it is for those who develop the application.
        hint = error.reason if current_app.debug else None
    elif error.description and error.description != type(error).description:
        words = error.description
    more: tuple[Link, ...] = ()
    if isinstance(error, VersionPruned):
        heading, more = _("Pruned"), (error.link,)
    bare = isinstance(error, NoAccess | LoginNeeded)
    response = _render(status, heading, words, hint, more, bare=bare)
    for name, value in error.get_headers(request.environ):
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _show_form_again(endpoint: str) -> Response:
    """Answer a form whose token the host has refused by the view that made it."""
    try:
        view = current_app.view_functions[endpoint]
        return make_response(view(**(request.view_args or {})))
    except HTTPException as error:  # of the gate, or because there is no such record
        return show_http_error(error)


def show_data_error(error: DataError) -> Response:
    """Answer an address whose values the database does not even take: nothing can be there.

    What goes wrong while a plan is carried out is for the views of plans to answer.
    """
    current_state().db.session.rollback()
    return show_http_error(not_found())


def _render(
    status: int,
    heading: str,
    words: str,
    hint: str | None,
    more: tuple[Link, ...] = (),
    *,
    bare: bool,
) -> Response:
    links: tuple[Link, ...] = ()
    if bare:
        layout = _bare_layout(heading)
    else:
        state = current_state()
        visit = open_visit(state, state.db.session())
        if visit.access.enters():
            layout = make_layout(visit, heading=heading)
            links = (*more, Link(label=_("Back to the overview"), url=visit.links.overview()))
        else:
            layout = _bare_layout(heading)
    page = ErrorPage(layout=layout, status=status, words=words, hint=hint, links=links)
    return show("error", page, status)


def _bare_layout(heading: str) -> Layout:
    """A frame that tells nothing: for people who may not see the history."""
    return Layout(
        brand=_(current_state().settings.title),
        home_url="/",
        title=heading,
        heading=heading,
        menu=(),
        language=spoken().code,
        direction=spoken().direction,
    )
