"""Versions of deletions that say only which record was deleted."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.plugins.base import Plugin
from flask_continuum.engine.registry import BLANK


class NullDeletePlugin(Plugin):
    """Leaves the columns of versions of deletions empty, but for the key and the class's name.

    They are written so; what the record held before stands in the version before.
    """

    def __init_subclass__(cls) -> None:
        """Refuse a subclass that would be asked about objects: there are none."""
        if "should_nullify_column" in cls.__dict__:
            raise ImproperlyConfigured(
                f"{cls.__name__} overrides should_nullify_column, which is asked about version "
                f"objects. Versions are written as rows: override is_blanked(column), which is "
                f"asked once for each column."
            )

    def is_blanked(self, column: sa.Column[Any]) -> bool:
        """Tell whether versions of deletions leave a column empty.

        :param column: a column of the live table that is no part of its key.
        """
        return True

    def after_build_version_table_columns(self, table_builder: Any, columns: list[Any]) -> None:
        """Mark the columns of a model that are left empty; links have nothing but their key."""
        if table_builder.model is None:
            return
        live = table_builder.parent_table.c
        # without it nobody would know which class a version is of
        named = sa.inspect(table_builder.model).base_mapper.polymorphic_on
        for column in columns:
            recorded = live.get(column.key)
            if recorded is None or column.primary_key or recorded is named:
                continue
            if self.is_blanked(recorded):
                column.info[BLANK] = True
