"""Logging in and out. One click is enough: this is a demonstration, there are no passwords."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user, logout_user

from example_app.access import people_only
from example_app.extensions import db, login_manager
from example_app.models import Role, User, utcnow
from example_app.security import require_csrf_token

people = Blueprint("people", __name__)
people.before_request(require_csrf_token)

WHAT_ROLES_DO = {
    Role.CHIEF: "Sees the history, goes back to older versions, restores and undoes.",
    Role.EDITOR: "Writes articles and sees the history, and cannot change it back.",
    Role.READER: "Reads and comments. The history stays out of sight.",
}


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load_user(key: str) -> User | None:
    """Return the person of a session, or None when there is no such person any more."""
    return db.session.get(User, int(key)) if key.isdecimal() else None


@people.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Show who one can be, and become that person."""
    after = safe_address(request.values.get("next", ""))
    if request.method == "GET":
        everybody = db.session.scalars(
            sa.select(User).where(User.can_log_in).order_by(User.name)
        ).all()
        by_role = {role: [one for one in everybody if one.role is role] for role in WHAT_ROLES_DO}
        return render_template(
            "newsroom/login.html", by_role=by_role, what_roles_do=WHAT_ROLES_DO, after=after
        )
    user = db.first_or_404(
        sa.select(User).where(User.handle == request.form.get("handle", ""), User.can_log_in)
    )
    login_user(user)
    user.last_seen_at = utcnow()
    db.session.commit()
    flash(f"You are {user.name} now.")
    return redirect(after or url_for("newsroom.front"))


@people.post("/logout")
@people_only
def logout() -> ResponseReturnValue:
    """Become a visitor again."""
    logout_user()
    flash("You are logged out.")
    return redirect(url_for("newsroom.front"))


def safe_address(address: str) -> str:
    """Return an address when it leads to a page of this site, else ``""``.

    Browsers read a backslash as a slash and skip control signs, so neither may occur.
    """
    odd = "\\" in address or any(ord(sign) < 32 for sign in address)
    stays = address.startswith("/") and not address.startswith("//")
    return address if stays and not odd else ""
