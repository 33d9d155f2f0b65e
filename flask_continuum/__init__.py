"""A complete, trustworthy history of an application's data."""

from __future__ import annotations

import importlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flask_continuum.engine.build.history import TransactionBase, TransactionFactory
from flask_continuum.engine.errors import (
    ClassNotVersioned,
    HistoryWriteError,
    ImproperlyConfigured,
    NoChangesAttribute,
    PlanBlocked,
    ReadOnlyPast,
    ReverterException,
    RevertRefused,
    StalePlan,
    VersioningError,
)
from flask_continuum.engine.expressions import version_table
from flask_continuum.engine.feeds import deliver, feed, follow
from flask_continuum.engine.introspect import (
    changeset,
    count_versions,
    end_tx_column_name,
    get_versioning_manager,
    is_modified,
    is_modified_or_deleted,
    is_session_modified,
    is_versioned,
    parent_class,
    transaction_class,
    tx_column_name,
    version_class,
    versioned_objects,
)
from flask_continuum.engine.maintenance import (
    Diagnosis,
    Erasure,
    Finding,
    FindingKind,
    Repair,
    Report,
    Severity,
    Symptom,
    SymptomKind,
    baseline,
    doctor,
    erase,
    prune,
    repair,
    seal,
    vacuum,
    verify,
)
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.as_of import as_of
from flask_continuum.engine.read.blame import blame
from flask_continuum.engine.read.change_feed import FeedItem, FeedPage
from flask_continuum.engine.read.cursors import BadCursor
from flask_continuum.engine.read.differences import changes, changes_of
from flask_continuum.engine.read.erasures import Erased
from flask_continuum.engine.read.field_history import history_of_field
from flask_continuum.engine.read.results import (
    NOT_RECORDED,
    Blame,
    Comparison,
    Entry,
    FieldChange,
    FieldValue,
    LinkChange,
    Page,
    TransactionRow,
)
from flask_continuum.engine.read.time_machine import async_time_machine, time_machine
from flask_continuum.engine.revert import plan_revert, plan_undo
from flask_continuum.engine.setup import make_versioned, remove_versioning, versioning_manager
from flask_continuum.engine.timelines import timeline
from flask_continuum.engine.unit_of_work import UnitOfWork
from flask_continuum.engine.versioned import Versioned, VersionedAs, VersionOf

if TYPE_CHECKING:
    from flask_continuum.exporting import as_message, export, export_to_git
    from flask_continuum.extension import Continuum

__version__ = "0.1.0"

__all__ = [
    "NOT_RECORDED",
    "BadCursor",
    "Blame",
    "ClassNotVersioned",
    "Comparison",
    "Continuum",
    "Diagnosis",
    "Entry",
    "Erased",
    "Erasure",
    "FeedItem",
    "FeedPage",
    "FieldChange",
    "FieldValue",
    "Finding",
    "FindingKind",
    "HistoryWriteError",
    "ImproperlyConfigured",
    "LinkChange",
    "NoChangesAttribute",
    "Operation",
    "Page",
    "PlanBlocked",
    "ReadOnlyPast",
    "Repair",
    "Report",
    "RevertRefused",
    "ReverterException",
    "Severity",
    "StalePlan",
    "Symptom",
    "SymptomKind",
    "TransactionBase",
    "TransactionFactory",
    "TransactionRow",
    "UnitOfWork",
    "VersionOf",
    "Versioned",
    "VersionedAs",
    "VersioningError",
    "VersioningManager",
    "as_message",
    "as_of",
    "async_time_machine",
    "baseline",
    "blame",
    "changes",
    "changes_of",
    "changeset",
    "count_versions",
    "deliver",
    "doctor",
    "end_tx_column_name",
    "erase",
    "export",
    "export_to_git",
    "feed",
    "follow",
    "get_versioning_manager",
    "history_of_field",
    "is_modified",
    "is_modified_or_deleted",
    "is_session_modified",
    "is_versioned",
    "make_versioned",
    "parent_class",
    "plan_revert",
    "plan_undo",
    "prune",
    "remove_versioning",
    "repair",
    "seal",
    "time_machine",
    "timeline",
    "transaction_class",
    "tx_column_name",
    "vacuum",
    "verify",
    "version_class",
    "version_table",
    "versioned_objects",
    "versioning_manager",
]


_MODULES = frozenset(
    {
        "exc",
        "manager",
        "operation",
        "plugins",
        "schema",
        "transaction",
        "unit_of_work",
        "utils",
        "version",
    }
)
"""Modules that applications name as attributes of the package, without importing them."""


_NEEDS_FLASK = MappingProxyType(
    {
        "Continuum": "extension",
        "as_message": "exporting",
        "export": "exporting",
        "export_to_git": "exporting",
    }
)
"""Names that bring Flask along, each with its module."""


def __getattr__(name: str) -> Any:
    """Import what needs Flask when it is first asked for: the engine does without."""
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _NEEDS_FLASK:
        return getattr(importlib.import_module(f"{__name__}.{_NEEDS_FLASK[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
