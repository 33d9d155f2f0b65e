"""Mappings and options that cannot be right, said when classes are defined or configured."""

from __future__ import annotations

import warnings
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.naming import nearest
from flask_continuum.engine.options import Options


def check_key(mapper: Mapper[Any], live: sa.Table) -> None:
    """Refuse a class whose objects are told apart by other columns than the rows of its table."""
    if live.primary_key and set(mapper.primary_key) != set(live.primary_key):
        own, table = (
            ", ".join(sorted(str(column.key) for column in key))
            for key in (mapper.primary_key, tuple(live.primary_key))
        )
        raise ImproperlyConfigured(
            f"{mapper.class_.__name__} is mapped with the primary key ({own}), but its table "
            f"{live.name!r} has the primary key ({table}), which history tells records apart by. "
            f"Take primary_key out of __mapper_args__, or make these columns the table's key."
        )


def check_names(mapper: Mapper[Any], options: Options, *, strict: bool) -> None:
    """Refuse options that name an attribute which the model has not.

    :param strict: otherwise it is a warning.
    """
    known = set(mapper.attrs.keys())
    for name in sorted((options.exclude | options.include) - known):
        if any(name in other.class_.__dict__ for other in mapper.self_and_descendants):
            continue
        message = (
            f"{mapper.class_.__name__}.__versioned__ names {name!r}, which is no attribute of "
            f"the model.{nearest(name, known)}"
        )
        if strict:
            raise ImproperlyConfigured(message)
        warnings.warn(message, UserWarning, stacklevel=2)
