"""Versions of deletions that say only which record was deleted."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import ColumnProperty

from flask_continuum.engine.introspect import is_internal_column, versioned_column_properties
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.plugins.base import Plugin
from flask_continuum.engine.registry import BLANK


class NullDeletePlugin(Plugin):
    """Leaves the columns of versions of deletions empty, but for the key and the class's name.

    They are written so; what the record held before stands in the version before. A subclass may
    choose columns: :meth:`is_blanked` is asked once for each, :meth:`should_nullify_column` about
    each version of an object that a session has deleted, which have to be loaded for it.
    """

    def is_blanked(self, column: sa.Column[Any]) -> bool:
        """Tell whether versions of deletions leave a column empty.

        :param column: a column of the live table that is no part of its key.
        """
        return True

    def should_nullify_column(self, version_obj: Any, prop: ColumnProperty[Any]) -> bool:
        """Tell whether a version leaves an attribute empty.

        It is asked where a subclass overrides it, in place of :meth:`is_blanked`.
        """
        return (
            version_obj.operation_type == Operation.DELETE
            and not any(column.primary_key for column in prop.columns)
            and prop.columns[0] is not prop.parent.base_mapper.polymorphic_on
            and not is_internal_column(version_obj, prop.key)
        )

    def after_create_version_object(self, uow: Any, parent_obj: Any, version_obj: Any) -> None:
        """Empty what :meth:`should_nullify_column` says."""
        for prop in versioned_column_properties(parent_obj):
            if self.should_nullify_column(version_obj, prop):
                setattr(version_obj, prop.key, None)

    def overrides(self, hook: str) -> bool:
        """Tell whether a hook does something here: columns or objects, not both."""
        if hook in ("after_create_version_object", "after_build_version_table_columns"):
            own = getattr(NullDeletePlugin, hook)
            chooses = type(self).should_nullify_column is not NullDeletePlugin.should_nullify_column
            return getattr(type(self), hook) is not own or chooses == (
                hook == "after_create_version_object"
            )
        return super().overrides(hook)

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
