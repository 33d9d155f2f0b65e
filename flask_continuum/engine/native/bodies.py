"""The text of the functions that PostgreSQL's triggers of one table call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256

import sqlalchemy as sa

from flask_continuum.engine.dialects import Dialect
from flask_continuum.engine.native.blocks import OLD, Block, Blocks, column_names, quoted
from flask_continuum.engine.native.keys import json_key
from flask_continuum.engine.native.single import Single
from flask_continuum.engine.registry import Registry, VersionedTable

_VARIABLES = """
  continuum_ids bigint[];
  continuum_last bigint;
  continuum_first bigint;
  continuum_fresh bigint;
  continuum_made boolean := false;
  continuum_have bigint;
  continuum_unknown bigint;
  continuum_over bigint;
  continuum_born bigint := 0;
  continuum_moves jsonb;
  continuum_pair jsonb;
  continuum_pairs jsonb;
  continuum_one record;"""


def setting_name(transaction: sa.Table, dialect: Dialect) -> str:
    """Return the setting that has the ids which a transaction's versions are written under."""
    schema = dialect.schemas.get(transaction.schema, transaction.schema)
    digest = sha256(f"{schema or ''}.{transaction.name}".encode()).hexdigest()
    return f"continuum.t{digest[:12]}"


class Bodies:
    """Makes them.

    :param registry: what is versioned.
    :param table: the table.
    :param dialect: for names and conditions.
    """

    def __init__(self, registry: Registry, table: VersionedTable, dialect: Dialect) -> None:
        hierarchy = registry.joined.get(table)
        tables = [] if hierarchy is None else hierarchy.tables
        self._table = table
        self._dialect = dialect
        self._root = None if hierarchy is None or hierarchy.root is table else hierarchy.root
        self._blocks = Blocks(dialect, table, tuple(t for t in tables if t is not table))
        versions = {c.key for c in table.version.primary_key}
        known = versions == {*(c.key for c in table.key), table.transaction_id.key}
        alone = known and not self._blocks.siblings and not table.is_link
        self._single = Single(dialect, table) if alone else None
        self._transaction = registry.history_of(table).transaction
        name = setting_name(self._transaction, dialect)
        self._ids, self._first = quoted(name), quoted(f"{name}_first")
        digest = sha256(table.version.fullname.encode()).hexdigest()[:12]
        self._noted, self._told = quoted(f"continuum.m{digest}"), quoted(f"continuum.n{digest}")

    # -- keys that change ----------------------------------------------------------------------

    def moves(self) -> str:
        """Return what notes, row by row, which key has become which."""
        old, new = (json_key(self._table, alias, self._dialect.q) for alias in ("OLD", "NEW"))
        return f"""-- continuum
BEGIN
  PERFORM set_config({self._noted}, (coalesce(nullif(
    current_setting({self._noted}, true), ''), '[]')::jsonb
    || jsonb_build_array(jsonb_build_array({old}, {new})))::text, true);
  RETURN NULL;
END"""

    def _tell_moves(self) -> str:
        """Return what keeps, in the transaction's context, which key has become which in all."""
        table, d = self._table, self._dialect
        if table.is_link:
            return f"\n    PERFORM set_config({self._noted}, '', true);"
        version, began = d.name(table.version), d.q(table.transaction_id)
        key, name = json_key(table, "v", d.q), quoted(table.live.fullname)
        row, context = d.name(self._transaction), d.q(self._transaction.c.context)

        def ended(place: int, operation: int) -> str:
            return (
                f"EXISTS (SELECT 1 FROM {version} v WHERE v.{began} = ANY (continuum_ids) "
                f"AND v.{d.q(table.operation_type)} = {operation} AND {key} = e.pair -> {place})"
            )

        return f"""
    SELECT coalesce(t.{context}::jsonb #> ARRAY['moved', {name}], '[]') INTO continuum_pairs
      FROM {row} t WHERE t.id = continuum_ids[1];
    FOR continuum_pair IN SELECT jsonb_array_elements(coalesce(continuum_moves, '[]')) LOOP
      SELECT coalesce(jsonb_agg(CASE WHEN e.pair -> 1 = continuum_pair -> 0
          THEN jsonb_build_array(e.pair -> 0, continuum_pair -> 1) ELSE e.pair END), '[]')
        || CASE WHEN coalesce(bool_or(e.pair -> 1 = continuum_pair -> 0), false)
          THEN '[]' ELSE jsonb_build_array(continuum_pair) END
        INTO continuum_pairs FROM jsonb_array_elements(continuum_pairs) e(pair);
    END LOOP;
    SELECT jsonb_agg(e.pair ORDER BY e.pair) INTO continuum_pairs
      FROM jsonb_array_elements(continuum_pairs) e(pair)
      WHERE {ended(0, 2)} AND {ended(1, 0)};
    UPDATE {row} t SET {context} = CAST(nullif(CASE WHEN continuum_pairs IS NULL
        THEN (SELECT CASE WHEN r.rest -> 'moved' = '{{}}' THEN r.rest - 'moved' ELSE r.rest END
          FROM (SELECT coalesce(t.{context}::jsonb, '{{}}') #- ARRAY['moved', {name}] AS rest) r)
        ELSE coalesce(t.{context}::jsonb, '{{}}') || jsonb_build_object('moved',
          coalesce(t.{context}::jsonb -> 'moved', '{{}}')
          || jsonb_build_object({name}, continuum_pairs)) END, '{{}}') AS {self._context_type()})
      WHERE t.id = continuum_ids[1]
        AND coalesce(jsonb_typeof(t.{context}::jsonb -> 'moved'), 'object') = 'object';
    PERFORM set_config({self._noted}, '', true), set_config({self._told}, 'yes', true);"""

    # -- the transaction -----------------------------------------------------------------------

    def _context_type(self) -> str:
        kind = self._transaction.c.context.type
        compiled: str = self._dialect.dialect.type_compiler_instance.process(kind)
        return compiled

    def _begin(self, kind: str, context: str, into: str) -> str:
        """Return what inserts a transaction's row that the application has not."""
        d, c = self._dialect, self._transaction.c
        columns = ", ".join(d.q(each) for each in (c.issued_at, c.uid, c.kind, c.context))
        return f"""
    INSERT INTO {d.name(self._transaction)} ({columns})
      VALUES (clock_timestamp() AT TIME ZONE 'UTC', md5(random()::text || clock_timestamp()),
        '{kind}', CAST({context} AS {self._context_type()}))
      RETURNING {d.q(c.id)} INTO {into};"""

    def _begin_baseline(self) -> str:
        return f"""
      continuum_first := nullif(current_setting({self._first}, true), '')::bigint;
      IF continuum_first IS NULL THEN{self._begin("baseline", "NULL", "continuum_first")}
        PERFORM set_config({self._first}, continuum_first::text, true);
      END IF;"""

    def _begin_outside(self) -> str:
        """Return what begins a transaction for somebody who writes past the application.

        Where records are older than their history, the row of their first versions comes before.
        """
        who = (
            "json_strip_nulls(json_build_object('db_user', session_user, 'application', "
            "nullif(current_setting('application_name'), ''), 'client', host(inet_client_addr())))"
        )
        version = self._dialect.name(self._table.version)
        older = "".join(
            f"""
    IF TG_OP {operations} THEN
      IF EXISTS (SELECT 1 FROM {rows} o WHERE NOT EXISTS
        (SELECT 1 FROM {version} h WHERE {self._blocks.same(self._table, "h", "o")}))
      THEN{self._begin_baseline()}
      END IF;
    END IF;"""
            for operations, rows in (
                ("IN ('UPDATE', 'DELETE')", OLD),
                ("= 'TRUNCATE'", self._dialect.name(self._table.live)),
            )
        )
        return f"""{older}{self._begin("outside", who, "continuum_last")}
    continuum_ids := ARRAY[continuum_last];
    PERFORM set_config({self._ids}, continuum_ids::text, true);
    continuum_made := true;"""

    def _end_outside(self) -> str:
        """Return what takes the row of such a transaction back, when nothing was written."""
        d = self._dialect
        written = " OR ".join(
            f"EXISTS (SELECT 1 FROM {d.name(each.version)} h "
            f"WHERE h.{d.q(each.transaction_id)} = continuum_last)"
            for each in (self._table, *self._blocks.siblings)
        )
        return f"""
  IF continuum_made AND NOT ({written}) THEN
    DELETE FROM {d.name(self._transaction)} t WHERE t.id = continuum_last;
    PERFORM set_config({self._ids}, '', true);
  END IF;"""

    def _continue(self) -> str:
        """Return what begins another row of the same transaction: others have overtaken it."""
        d = self._dialect
        row, names = d.name(self._transaction), column_names(self._transaction, d, without="id")
        return f"""
      INSERT INTO {row} ({names}) SELECT {names} FROM {row} t WHERE t.id = continuum_ids[1]
        RETURNING id INTO continuum_fresh;
      IF continuum_fresh IS NULL OR continuum_fresh <= continuum_last THEN
        RAISE EXCEPTION 'the sequence of {self._transaction.name}.id gives %, but history already \
holds a greater one', continuum_fresh USING HINT = 'Set the sequence above it (setval).';
      END IF;
      continuum_ids := continuum_ids || continuum_fresh;
      PERFORM set_config({self._ids}, continuum_ids::text, true);"""

    # -- what is written -----------------------------------------------------------------------

    def writes(self) -> str:
        """Return what writes the versions of a statement."""
        name = quoted(f",{self._table.version.name},")
        single = "" if self._single is None else self._single.body()
        return f"""-- continuum
#variable_conflict use_column
DECLARE{_VARIABLES}
BEGIN
  IF strpos(current_setting('continuum.paused', true), {name}) > 0 THEN
    RETURN NULL;
  END IF;
  continuum_ids := nullif(current_setting({self._ids}, true), '')::bigint[];
  continuum_moves := nullif(current_setting({self._noted}, true), '')::jsonb;{single}
  IF continuum_ids IS NULL THEN{self._begin_outside()}
  END IF;{self._lock_root()}
  LOOP
    continuum_last := continuum_ids[array_upper(continuum_ids, 1)];
    continuum_have := 0;
    continuum_unknown := 0;
    continuum_over := 0;
{self._each(self._blocks.write)}
    EXIT WHEN continuum_unknown = 0 AND continuum_over = 0;
    IF continuum_unknown > 0 THEN{self._begin_baseline()}
{self._each(lambda block: block.baseline or "")}
    END IF;
    IF continuum_over > 0 THEN{self._continue()}
    END IF;
  END LOOP;
  IF continuum_have > 0 THEN
{self._each(self._blocks.amend)}
  END IF;
  IF continuum_moves IS NOT NULL
    OR continuum_have > 0 AND current_setting({self._told}, true) = 'yes'
  THEN{self._tell_moves()}
  END IF;{self._end_outside()}
  RETURN NULL;
END"""

    def _each(self, statement: Callable[[Block], str]) -> str:
        """Return statements for the blocks of whatever operation it is."""
        blocks = self._blocks
        return f"""    IF TG_OP = 'INSERT' THEN
      {_lines(map(statement, blocks.inserted()))}
    ELSIF TG_OP = 'UPDATE' THEN
      {_lines(map(statement, blocks.updated()))}
      IF continuum_moves IS NULL AND continuum_born > 0 THEN
        -- rows that go to another partition are no updated ones
        continuum_moves := '[]';
      END IF;
      IF continuum_moves IS NOT NULL THEN
        {_lines(map(statement, blocks.moved()))}
      END IF;
    ELSIF TG_OP = 'DELETE' THEN
      {_lines(map(statement, blocks.deleted()))}
    ELSE
      {_lines(map(statement, blocks.truncated()))}
    END IF;"""

    def _lock_root(self) -> str:
        """Return what locks a record of several tables by its row in the first.

        Several rows that are one link are locked as well: who removes the last must know it.
        """
        if self._table.repeats:
            live = self._dialect.name(self._table.live)
            return f"""
  IF TG_OP IN ('UPDATE', 'DELETE') THEN
    PERFORM 1 FROM {OLD} o JOIN {live} s
      ON {self._blocks.same(self._table, "s", "o")} FOR UPDATE OF s;
  END IF;"""
        if self._root is None:
            return ""
        root = self._dialect.name(self._root.live)
        return f"""
  IF TG_OP IN ('INSERT', 'UPDATE') THEN
    PERFORM 1 FROM continuum_new n JOIN {root} s
      ON {self._dialect.shared_key(self._root, "s", self._table, "n")} FOR NO KEY UPDATE OF s;
  END IF;"""


def _lines(statements: Iterable[str]) -> str:
    return "\n      ".join(each for each in statements if each) or "NULL;"
