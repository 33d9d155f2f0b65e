"""Flags in each version that tell which columns it changed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.naming import fitting
from flask_continuum.engine.plugins.base import Plugin
from flask_continuum.engine.registry import FLAG_OF


class PropertyModTrackerPlugin(Plugin):
    """Gives version tables a column ``<column>_mod`` for each recorded one that is no key.

    It is true where the version changed the column: against the version before, by stored bytes.
    The first version of a life has it true for what is not NULL, that of a deletion for all.
    The database finds it out in the statements that write versions anyway; MariaDB needs one more
    for each table whose records were updated. Link tables have no flags.

    :cvar column_suffix: what follows the column's name.
    """

    column_suffix = "_mod"

    def create_mod_column(self, column: sa.Column[Any]) -> sa.Column[Any]:
        """Return the flag for a live column."""
        return sa.Column(
            fitting(column.name + self.column_suffix),
            sa.Boolean,
            key=column.key + self.column_suffix,
            default=False,
            server_default=sa.false(),
            nullable=False,
        )

    def after_build_version_table_columns(self, table_builder: Any, columns: list[Any]) -> None:
        """Add a flag for each recorded column of a model that has none yet."""
        if table_builder.model is None:
            return
        known = {column.key: column for column in columns}
        for live in table_builder.parent_table.c:
            if live.key not in known or known[live.key].primary_key:
                continue
            flag = self.create_mod_column(live)
            flag.info[FLAG_OF] = live.key
            there = known.setdefault(flag.key, flag)
            if there is flag:
                columns.append(flag)
            elif there.info.get(FLAG_OF) != live.key:
                raise ImproperlyConfigured(
                    f"The table {live.table.name!r} has a column {flag.key!r}, the name of the "
                    f"flag that tells changes of {live.name!r}. Give PropertyModTrackerPlugin "
                    f"another column_suffix, or exclude one of the two."
                )
