"""Symptoms of the triggers that write versions, against what the models say about them."""

from __future__ import annotations

from collections.abc import Iterator

from flask_continuum.engine.maintenance.checkup.symptoms import Symptom, SymptomKind
from flask_continuum.engine.maintenance.checkup.tables import Tables
from flask_continuum.engine.native.catalogue import read_catalogue
from flask_continuum.engine.native.installing import drift, placed, wanted

_MAKE = "Make it with a generated migration, or with op.sync_history_trigger({table!r})."


def check_triggers(tables: Tables) -> Iterator[Symptom]:
    """Yield triggers that are missing, say something older, or write what sessions write too."""
    place = tables.place
    connection, registry = place.connection, place.registry
    native = [each for each in place.tables if each.is_native and each.live not in tables.missing]
    for each in drift(connection, registry, native) if native else ():
        live = each.table.live
        kind = SymptomKind.TRIGGER_MISSING if each.is_missing else SymptomKind.TRIGGER_OUTDATED
        state = "is missing or switched off" if each.is_missing else "is not what the model says"
        yield Symptom(
            kind,
            live.fullname,
            f"{each.name!r}, which writes its versions, {state}. {_MAKE.format(table=live.name)}",
        )
    versioned = {each.live.name for each in place.tables}
    meant = (
        {each.name for each in wanted(placed(connection), registry, native)} if native else set()
    )
    for schema in {each.live.schema for each in place.tables}:
        for found in read_catalogue(connection, schema):
            if found.table in versioned and found.name not in meant:
                yield Symptom(
                    SymptomKind.TRIGGER_LEFT,
                    found.table,
                    f"the trigger {found.name!r} writes versions, and by the model sessions write "
                    f"them. Remove it with a generated migration, or say native_versioning.",
                )
