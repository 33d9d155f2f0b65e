"""The names of SQLAlchemy-Continuum, where an application finds them after changing the import."""

from __future__ import annotations

import importlib

import pytest

import flask_continuum

NAMES = {
    "": """ClassNotVersioned ImproperlyConfigured Operation TransactionFactory UnitOfWork
        VersioningManager __version__ changeset count_versions get_versioning_manager
        is_modified is_session_modified make_versioned parent_class remove_versioning
        transaction_class tx_column_name vacuum version_class versioning_manager""",
    "exc": "VersioningError ClassNotVersioned ImproperlyConfigured",
    "manager": "VersioningManager",
    "operation": "Operation Operations",
    "plugins": """ActivityPlugin FlaskPlugin NullDeletePlugin Plugin PluginCollection
        PropertyModTrackerPlugin TransactionChangesPlugin TransactionMetaPlugin""",
    "plugins.activity": "ActivityBase ActivityPlugin",
    "plugins.base": "Plugin PluginCollection",
    "plugins.null_delete": "NullDeletePlugin",
    "plugins.property_mod_tracker": "PropertyModTrackerPlugin",
    "plugins.transaction_changes": "TransactionChangesBase TransactionChangesPlugin",
    "plugins.transaction_meta": "TransactionMetaPlugin",
    "schema": """update_end_tx_column get_end_tx_column_query update_property_mod_flags
        get_property_mod_flags_query""",
    "transaction": "TransactionBase TransactionFactory NoChangesAttribute",
    "unit_of_work": "UnitOfWork",
    "utils": """ClassNotVersioned
        VersioningClauseAdapter adapt_columns changeset count_versions end_tx_attr
        end_tx_column_name get_versioning_manager is_internal_column is_modified
        is_modified_or_deleted is_session_modified is_table_column is_versioned option parent_class
        transaction_class tx_column_name vacuum version_class version_obj version_table
        versioned_column_properties versioned_objects versioned_relationships""",
    "version": "VersionClassBase",
}


@pytest.mark.parametrize("module", NAMES)
def test_every_name_is_there_and_says_what_it_does(module: str) -> None:
    found = importlib.import_module(f"flask_continuum.{module}".rstrip("."))
    for name in NAMES[module].split():
        thing = getattr(found, name)
        assert name == "__version__" or thing.__doc__, name
        assert not hasattr(flask_continuum, name) or getattr(flask_continuum, name) is thing


@pytest.mark.parametrize("module", sorted(NAMES.keys() - {""}))
def test_modules_say_what_they_offer(module: str) -> None:
    found = importlib.import_module(f"flask_continuum.{module}")
    assert set(NAMES[module].split()) <= set(found.__all__)
