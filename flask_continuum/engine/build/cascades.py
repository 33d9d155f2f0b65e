"""What the database does by itself to versioned rows, found in the metadata's foreign keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import NoReferencedColumnError, NoReferencedTableError
from sqlalchemy.orm import Mapper, RelationshipDirection, RelationshipProperty

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import Action, Cascade, VersionedTable

Tables = Mapping[sa.Table, VersionedTable]
Cascades = Mapping[sa.Table, tuple[Cascade, ...]]

_CLAUSES = {Operation.DELETE: "ON DELETE", Operation.UPDATE: "ON UPDATE"}


# -- finding -----------------------------------------------------------------------------------


def find_cascades(tables: Tables) -> tuple[Cascade, ...]:
    """Return what foreign keys make the database do by itself, beside versioned tables.

    Unversioned tables are among the children: what is removed there may have children again.
    """
    metadatas = dict.fromkeys(live.metadata for live in tables)
    return tuple(
        cascade
        for metadata in metadatas
        for child in metadata.tables.values()
        for constraint in sorted(child.foreign_key_constraints, key=_order)
        for cascade in _cascades_of(child, constraint)
    )


def captured_cascades(cascades: Iterable[Cascade], tables: Tables) -> Cascades:
    """Return, by the table that causes it, what is to be captured, at once or further down."""
    return _leading(cascades, lambda each: _is_told(each, tables))


def unseen_cascades(cascades: Iterable[Cascade], tables: Tables) -> Cascades:
    """Return likewise what reaches tables whose versions triggers write: not all fire for it."""
    return _leading(
        cascades, lambda each: is_recorded(each, tables) and tables[each.child].is_native
    )


def _leading(cascades: Iterable[Cascade], is_wanted: Callable[[Cascade], bool]) -> Cascades:
    waiting = list(cascades)
    kept: dict[sa.Table, tuple[Cascade, ...]] = {}
    while reached := [each for each in waiting if is_wanted(each) or _leads_on(each, kept)]:
        for each in reached:
            waiting.remove(each)
            kept[each.parent] = (*kept.get(each.parent, ()), each)
    return kept


def reaching_triggers(cascades: Iterable[Cascade], tables: Tables) -> frozenset[sa.Table]:
    """Return the tables whose writing reaches one that triggers write the versions of."""
    reached = {live for live, entry in tables.items() if entry.is_native}
    waiting = list(cascades)
    while found := [each for each in waiting if each.child in reached]:
        waiting = [each for each in waiting if each.child not in reached]
        reached |= {each.parent for each in found}
    return frozenset(reached)


def is_recorded(cascade: Cascade, tables: Tables) -> bool:
    """Tell whether the children have a history, and whether this would show in it."""
    entry = tables.get(cascade.child)
    if entry is None:
        return False
    recorded = entry.version.c
    return cascade.effect is Operation.DELETE or any(c.key in recorded for _, c in cascade.pairs)


def _order(constraint: sa.ForeignKeyConstraint) -> tuple[str, ...]:
    return tuple(column.name for column in constraint.columns)


def _cascades_of(child: sa.Table, constraint: sa.ForeignKeyConstraint) -> Iterator[Cascade]:
    actions = (
        (Operation.DELETE, _action(constraint.ondelete)),
        (Operation.UPDATE, _action(constraint.onupdate)),
    )
    for cause, action in actions:
        if action is None:
            continue
        try:
            pairs = tuple((each.column, each.parent) for each in constraint.elements)
        except (NoReferencedTableError, NoReferencedColumnError):
            continue  # the table is not defined yet, and nothing can be deleted from it
        parent = pairs[0][0].table
        if isinstance(parent, sa.Table):
            yield Cascade(parent, child, pairs, cause, action)


def _action(words: str | None) -> Action | None:
    # PostgreSQL may name the columns that are set: SET NULL (a)
    said = " ".join((words or "").upper().split())
    return next((each for each in Action if said.startswith(each.value)), None)


def _is_told(cascade: Cascade, tables: Tables) -> bool:
    return (
        is_recorded(cascade, tables)
        and tables[cascade.child].options.database_cascades == "capture"
        and not tables[cascade.child].is_native
    )


def _leads_on(cascade: Cascade, kept: Cascades) -> bool:
    """Tell whether what happens to the children is itself the cause of something kept."""
    changed = {child for _, child in cascade.pairs}
    return any(
        further.cause is cascade.effect
        and (
            further.cause is Operation.DELETE
            or not changed.isdisjoint(parent for parent, _ in further.pairs)
        )
        for further in kept.get(cascade.child, ())
    )


# -- what nothing captures ---------------------------------------------------------------------


def uncaptured_cascades(
    cascades: Iterable[Cascade], tables: Tables, mappers: Iterable[Mapper[Any]]
) -> Iterator[Cascade]:
    """Yield what would be missing in history and nobody has decided about.

    The ORM does by itself what relationships say without ``passive_deletes`` (or, for keys that
    change, without ``passive_updates``): that is captured as everything it writes.

    :param mappers: configured ones, of every class that may be a parent.
    """
    by_table: dict[Any, list[Mapper[Any]]] = defaultdict(list)
    for mapper in mappers:
        for table in mapper.tables:
            by_table[table].append(mapper)
    silent = [
        each
        for each in cascades
        if not _is_inheritance(each, by_table[each.child])
        and (each.cause is Operation.DELETE or not _is_given_out(each))
    ]
    # where rows may go without the ORM, its relationships do nothing about their children
    removed: set[sa.Table] = set()
    alone: list[Cascade] = []
    while found := [
        each
        for each in silent
        if (each.parent in removed and each.cause is Operation.DELETE)
        or not any(_does_itself(mapper, each) for mapper in by_table[each.parent])
    ]:
        silent = [each for each in silent if each not in found]
        alone += found
        removed |= {each.child for each in found if each.effect is Operation.DELETE}
    for each in alone:
        if not is_recorded(each, tables) or tables[each.child].is_native:
            continue  # triggers see it
        if tables[each.child].options.database_cascades == "warn":
            yield each


def describe(cascade: Cascade, model: str | None) -> str:
    """Return the warning about a cascade that nothing captures.

    :param model: the name of the model whose table it reaches; ``None`` for a link table.
    """
    child, parent = cascade.child, cascade.parent
    key = ", ".join(f"{child.name}.{column.name}" for _, column in cascade.pairs)
    target = ", ".join(f"{parent.name}.{column.name}" for column, _ in cascade.pairs)
    subject = f"{model} (table {child.name!r})" if model else f"The link table {child.name!r}"
    if cascade.cause is Operation.DELETE:
        remedy = "give the parent a relationship to it without passive_deletes"
    else:
        remedy = "give the parent a relationship to it with passive_updates=False"
    return (
        f"{subject} has a history, and its foreign key {key} → {target} is "
        f"{_CLAUSES[cascade.cause]} {cascade.action.value}: the database does that by itself, and "
        f"history would not see it. Set the option database_cascades to 'capture' to have it "
        f"captured, or to 'ignore' to leave it out; or {remedy}, so that the ORM does it."
    )


def _is_given_out(cascade: Cascade) -> bool:
    """Tell whether the key is made for a new row (counted, or by a default): nobody changes it."""
    counted = cascade.parent.autoincrement_column
    return all(
        column is counted or column.default is not None or column.server_default is not None
        for column, _ in cascade.pairs
    )


def _is_inheritance(cascade: Cascade, mappers: Iterable[Mapper[Any]]) -> bool:
    """Tell whether the two tables hold one record together, which is written as a whole."""
    own = {child for _, child in cascade.pairs} == set(cascade.child.primary_key)
    return own and any(
        above.local_table is cascade.parent
        for mapper in mappers
        if mapper.local_table is cascade.child
        for above in mapper.iterate_to_root()
    )


def _does_itself(mapper: Mapper[Any], cascade: Cascade) -> bool:
    """Tell whether the ORM does what the foreign key says, when it writes a parent."""
    return any(
        set(prop.synchronize_pairs) == set(cascade.pairs)
        and not prop.viewonly
        and not (
            prop.passive_deletes if cascade.cause is Operation.DELETE else prop.passive_updates
        )
        and _reaches(prop, cascade.child)
        for prop in mapper.relationships
    )


def _reaches(prop: RelationshipProperty[Any], child: sa.Table) -> bool:
    if prop.direction is RelationshipDirection.MANYTOMANY:
        return prop.secondary is child
    return prop.direction is RelationshipDirection.ONETOMANY and child in prop.mapper.tables
