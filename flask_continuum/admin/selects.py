"""Select boxes of filters."""

from __future__ import annotations

from collections.abc import Mapping

from flask_continuum.admin.contexts import Choice, Select


def make_select(
    name: str, label: str, all_of_them: str, choices: Mapping[str, str], chosen: str
) -> Select:
    """A select box whose first choice is no filter."""
    return Select(
        name=name,
        label=label,
        choices=(
            Choice(value="", label=all_of_them, selected=not chosen),
            *(
                Choice(value=value, label=words, selected=value == chosen)
                for value, words in choices.items()
            ),
        ),
    )
