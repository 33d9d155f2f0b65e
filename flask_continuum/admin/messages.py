"""One message about what was just done, shown on the next page of the history.

It has a place of its own in the session: Flask's flashed messages belong to the application,
whose pages would show ours, and ours theirs.
"""

from __future__ import annotations

from flask import session

from flask_continuum.admin.contexts import Flash, Link

SESSION_KEY = "_continuum_done"


def leave_message(words: str, link: Link | None = None) -> None:
    """Keep a message for the next page.

    :param link: the way to take it back.
    """
    session[SESSION_KEY] = [words, link.label if link else None, link.url if link else None]


def is_waiting() -> bool:
    """Tell whether a message waits: this page is the one behind a change."""
    return SESSION_KEY in session


def take_messages() -> tuple[Flash, ...]:
    """The message that waits, if any; it is shown once."""
    if SESSION_KEY not in session:
        return ()
    kept = session.pop(SESSION_KEY)
    if not isinstance(kept, list) or len(kept) != 3 or not isinstance(kept[0], str):
        return ()  # left there by another release
    words, label, url = kept
    link = Link(label=str(label), url=str(url)) if label and url else None
    return (Flash(words=words, link=link),)
