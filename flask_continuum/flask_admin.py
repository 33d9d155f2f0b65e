"""Flask-Admin: a History button beside the records of a ``ModelView``.

::

    from flask_admin.contrib.sqla import ModelView
    from flask_continuum.flask_admin import HistoryMixin

    class ArticleView(HistoryMixin, ModelView):
        pass

Needs Flask-Admin (``pip install flask-continuum[flask-admin]``).
"""

from __future__ import annotations

from typing import Any

from flask_admin.model.template import LinkRowAction

from flask_continuum.presenters.words import _
from flask_continuum.state import spoken_to_reader
from flask_continuum.templating import history_url

ICON = "fa fa-history glyphicon glyphicon-time"


class HistoryRowAction(LinkRowAction):  # type: ignore[misc] # Flask-Admin ships no types
    """The button in a row; none where the record's history may not be seen."""

    def __init__(self, title: str) -> None:
        super().__init__(ICON, lambda action, row_id, row: history_url(row), title)

    def render(self, context: Any, row_id: str, row: Any) -> Any:
        """Return the button for a row."""
        return super().render(context, row_id, row) if history_url(row) else ""


class HistoryMixin:
    """Adds a History button to the rows, the edit page and the details of a ``ModelView``.

    The versions of a record, which Flask-Admin would take for something to fill in, stay out of its
    forms. Name it before ``ModelView``. A view with an ``edit_template`` or a ``details_template``
    of its own has the button there by ``{{ history_link(model) }}``.
    """

    edit_template = "continuum/flask_admin/edit.html"
    details_template = "continuum/flask_admin/details.html"

    model: Any
    form_excluded_columns: Any = None

    def scaffold_form(self) -> Any:
        """Return the form of the model without its versions."""
        if hasattr(self.model, "__versioned__"):
            self.form_excluded_columns = (*(self.form_excluded_columns or ()), "versions")
        view: Any = super()
        return view.scaffold_form()

    @spoken_to_reader
    def get_list_row_actions(self) -> list[Any]:
        """Return the buttons of a row, ours last."""
        view: Any = super()
        return [*view.get_list_row_actions(), HistoryRowAction(_("History"))]
