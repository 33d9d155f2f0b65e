"""The questions that applications ask, under the name that SQLAlchemy-Continuum has for them."""

from __future__ import annotations

from flask_continuum.engine.errors import ClassNotVersioned
from flask_continuum.engine.expressions import (
    VersioningClauseAdapter,
    adapt_columns,
    version_obj,
    version_table,
)
from flask_continuum.engine.introspect import (
    changeset,
    count_versions,
    end_tx_attr,
    end_tx_column_name,
    get_versioning_manager,
    is_internal_column,
    is_modified,
    is_modified_or_deleted,
    is_session_modified,
    is_table_column,
    is_versioned,
    option,
    parent_class,
    transaction_class,
    tx_column_name,
    version_class,
    versioned_column_properties,
    versioned_objects,
    versioned_relationships,
)
from flask_continuum.engine.maintenance import vacuum

__all__ = [
    "ClassNotVersioned",
    "VersioningClauseAdapter",
    "adapt_columns",
    "changeset",
    "count_versions",
    "end_tx_attr",
    "end_tx_column_name",
    "get_versioning_manager",
    "is_internal_column",
    "is_modified",
    "is_modified_or_deleted",
    "is_session_modified",
    "is_table_column",
    "is_versioned",
    "option",
    "parent_class",
    "transaction_class",
    "tx_column_name",
    "vacuum",
    "version_class",
    "version_obj",
    "version_table",
    "versioned_column_properties",
    "versioned_objects",
    "versioned_relationships",
]
