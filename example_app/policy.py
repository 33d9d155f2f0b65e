"""Who may do what with the history of the newsroom."""

from __future__ import annotations

from typing import Any

from flask_continuum.policy import Action, Decision, DefaultPolicy, deny

CHANGES_SOMETHING = frozenset({Action.REVERT, Action.UNDO, Action.ERASE})


class NewsroomPolicy(DefaultPolicy):
    """The default rules, and two more: what only the chief does."""

    def decide(self, action: Action, user: Any, **about: Any) -> Decision:
        """Answer as the default policy does, once it is certain that reverting is the chief's."""
        decision = super().decide(action, user, **about)
        if decision and action is Action.VIEW_ACCESS_LOG and user.role.value != "chief":
            return deny("Only the chief may see who looked at the history.")
        if decision and action in CHANGES_SOMETHING and user.role.value != "chief":
            return deny("Only the chief may bring back older versions.")
        return decision


def may_see_history(user: Any) -> bool:
    """Return whether a person may look at history: editors and the chief may, readers may not."""
    return bool(user.role.writes)
