"""What a trigger of MariaDB or MySQL does about the row that it is called for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask_continuum.engine.native.mysql_siblings import Siblings
from flask_continuum.engine.native.mysql_text import Chain, Text, Values, quoted
from flask_continuum.engine.native.mysql_transaction import Announced
from flask_continuum.engine.registry import Registry, VersionedTable

_FORGET = (
    "SET c_seen = NULL, c_seen_op = NULL, c_p = NULL, c_p_op = NULL, c_p_end = NULL, "
    "c_same = NULL, c_here = NULL;"
)
"""Between two records that one row speaks of."""


def _row(alias: str) -> Values:
    return lambda column: f"{alias}.{quoted(column.name)}"


@dataclass(frozen=True, slots=True)
class Body:
    """What the triggers of one table do."""

    registry: Registry
    table: VersionedTable
    text: Text

    @property
    def announced(self) -> Announced:
        """The transaction that is written under."""
        return Announced(self.registry.history_of(self.table), self.table, self.text)

    @property
    def siblings(self) -> Siblings:
        """The other tables that a record has rows in."""
        return Siblings(self.registry, self.table, self.text)

    def of(self, event: str) -> str:
        """Return the body for one event."""
        parts = [
            "DECLARE c_me, c_base, c_here, c_was, c_seen, c_p, c_p_end, c_next, c_i BIGINT;",
            "DECLARE c_seen_op, c_p_op, c_same, c_mine, c_n INT DEFAULT NULL;",
            "DECLARE c_out, c_skip, c_born, c_moves INT DEFAULT 0;",
            "DECLARE c_uid VARCHAR(32) CHARACTER SET utf8mb4;",
            "DECLARE c_list, c_old, c_new, c_first, c_paused "
            "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;",
        ]
        if self.table.repeats:
            parts += self._variables()
        # a SELECT INTO that finds nothing leaves its variables alone, and that is all
        parts.append("DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;")
        parts.append(self.announced.find())
        parts.append("IF NOT c_skip THEN")
        if self.table.repeats:
            parts += self._settling(event)
        elif event == "INSERT":
            parts.append(self._if_linking("NEW", self.written("NEW", begins=True)))
            parts.append("" if self.table.is_link else self.announced.forget_leaving())
        elif event == "DELETE":
            parts.append(self._if_linking("OLD", self.gone(_row("OLD"))))
        else:
            parts += [
                f"IF {self._key_changed()} THEN SET c_moves = 1;",
                self._if_linking("OLD", self.gone(_row("OLD"))),
                _FORGET,
                self._if_linking("NEW", self.written("NEW", begins=True)),
                "" if self.table.is_link else self.announced.note_move(),
                "ELSE",
                self._if_linking("NEW", self.written("NEW", begins=False)),
                "END IF;",
            ]
        parts.append("END IF;")
        return "\n".join(part for part in parts if part)

    def _if_linking(self, alias: str, body: str) -> str:
        """Return a body that passes over rows of a link table that link nothing."""
        if not any(column.nullable for column in self.table.key):
            return body
        names = (f"{alias}.{quoted(c.name)} IS NOT NULL" for c in self.table.key)
        return f"IF {' AND '.join(names)} THEN\n{body}\nEND IF;"

    def _key_changed(self) -> str:
        return (
            "NOT ("
            + " AND ".join(f"OLD.{quoted(c.name)} <=> NEW.{quoted(c.name)}" for c in self.table.key)
            + ")"
        )

    # -- a row that is there -------------------------------------------------------------------

    def written(self, alias: str, *, begins: bool) -> str:
        """Return what follows the insertion or update of a row.

        :param begins: whether it was inserted.
        """
        chain = Chain(self.text, self.table, _row(alias))
        return self._written(chain, begins=begins, old=None if begins else _row("OLD"))

    def _written(
        self, chain: Chain, *, begins: bool, old: Values | None, both: bool = False
    ) -> str:
        return "\n".join(
            part
            for part in (
                chain.see(),
                self.announced.is_mine(),
                "IF c_mine THEN",
                self._amend(chain),
                "ELSE",
                *(self._untouched(chain, old) if old else ()),
                self._add(chain, begins=begins, old=old, both=both),
                "END IF;" if old else "",
                "END IF;",
            )
            if part
        )

    def _untouched(self, chain: Chain, old: Values) -> Iterator[str]:
        """Yield the question whether a row is as it was, and as history says: nothing to lock."""
        yield "SET c_same = FALSE;"
        yield f"IF c_seen IS NOT NULL AND NOT {chain.differs(values=old)} THEN"
        yield (
            f"SET c_same = COALESCE((SELECT {chain.operation} <> 2 AND NOT {chain.differs()} "
            f"FROM {chain.versions} WHERE {chain.at('c_seen')}), FALSE);"
        )
        yield "END IF;"
        yield "IF NOT c_same THEN"

    def _amend(self, chain: Chain) -> str:
        """Return what becomes of a version that this transaction has written."""
        return "\n".join(
            part
            for part in (
                "SET c_here = c_seen;",
                chain.see_operation(),
                "IF c_seen_op = 0 THEN",
                chain.overwrite("0", flags=chain.set_flags()),
                "ELSE",
                chain.find_before(),
                chain.read_before(),
                "SET c_n = 0;",
                *self.siblings.changed(chain),
                "IF c_same AND c_p_op <> 2 AND c_n = 0 THEN",
                chain.drop(),
                chain.reopen(),
                self.announced.dropped(),
                *self.siblings.drop(chain),
                "ELSE",
                chain.overwrite("1", flags=["TRUE" for _ in self.table.flags]),
                chain.flag(),
                "END IF;",
                "END IF;",
            )
            if part
        )

    def _add(self, chain: Chain, *, begins: bool, old: Values | None, both: bool) -> str:
        """Return the insertion of a version, and what is found out about it then."""
        flags = chain.set_flags()
        parts = [
            self.announced.begin(),
            chain.insert("c_here", 0 if begins else 1, flags=flags),
            self.announced.added(),
            self._predecessor(chain),
        ]
        if old is not None:
            parts += self._baseline(chain, old, f"NOT {chain.differs(values=old)}")
        parts.append(self.announced.relocate(chain))
        if both:
            parts += [
                "IF c_p IS NULL OR c_p_op = 2 THEN",
                chain.overwrite("0", flags=flags),
                "END IF;",
            ]
        closing = [
            chain.close(),
            "" if begins else f"IF c_p_op <> 2 THEN {chain.flag()} END IF;" if chain.flag() else "",
            *self.siblings.write(chain),
        ]
        if begins:
            parts += closing
        else:
            parts += [
                "IF c_same AND c_p_op <> 2 THEN",
                chain.drop(),
                self.announced.dropped(),
                "ELSE SET c_n = 0;",
                *closing,
                "END IF;",
            ]
        return "\n".join(part for part in parts if part)

    def _predecessor(self, chain: Chain) -> str:
        return "\n".join(
            (
                chain.find_before(known=True),
                f"IF c_p IS NOT NULL THEN {chain.read_before()} {chain.overtaken()} END IF;",
            )
        )

    def _baseline(self, chain: Chain, old: Values, same: str) -> Iterator[str]:
        """Yield the first version of a record that is older than its history."""
        before = Chain(self.text, self.table, old)
        yield "IF c_p IS NULL THEN"
        yield self.announced.begin_baseline()
        yield before.insert("c_base", 0, flags=before.set_flags())
        for sibling in self.siblings.of(chain):
            began = sibling.text.q(sibling.table.transaction_id)
            yield (
                f"IF NOT EXISTS (SELECT 1 FROM {sibling.versions} WHERE {sibling.record()} "
                f"AND v.{began} <= c_here) THEN"
            )
            yield self.siblings.copy(sibling, "c_base", 0)
            yield "END IF;"
        yield f"SET c_p = c_base, c_p_op = 0, c_p_end = NULL, c_same = {same};"
        yield "END IF;"

    # -- a row that is gone --------------------------------------------------------------------

    def gone(self, values: Values) -> str:
        """Return what follows the deletion of a row."""
        chain = Chain(self.text, self.table, values)
        flags = ["TRUE" for _ in self.table.flags]
        parts = [
            chain.see(),
            self.announced.is_mine(),
            f"IF c_mine THEN SET c_here = c_seen, c_seen = NULL; {chain.see_operation()}",
            "IF c_seen_op = 0 THEN",
            f"{chain.find_before()} IF c_p IS NOT NULL THEN {chain.reopen()} END IF;",
            chain.drop(),
            "" if self.table.is_link else f"SET c_born = 1; {self.announced.forget_move()}",
            self.announced.dropped(),
            "ELSEIF c_seen_op = 1 THEN",
            chain.overwrite("2", flags=flags, blank=True),
            "END IF;",
            "ELSE",
            self.announced.begin(),
            chain.insert("c_here", 2, flags=flags, blank=True),
            self.announced.added(),
            self._predecessor(chain),
            *self._baseline(chain, values, "FALSE"),
            self.announced.relocate(chain),
            f"IF c_p_op = 2 THEN {chain.drop()} {self.announced.dropped()}",
            f"ELSE SET c_n = 0; {chain.close()}",
            *self.siblings.write(chain),
            "END IF;",
            "END IF;",
        ]
        return "\n".join(part for part in parts if part)

    # -- links that several rows may hold ------------------------------------------------------

    def _variables(self) -> Iterator[str]:
        """Yield the declaration of variables for the row that speaks for a link."""
        live = self.text.name(self.table.live)
        yield "DECLARE c_there INT DEFAULT 0;"
        for number, (column, _) in enumerate(self.table.columns):
            kind = (
                f"TYPE OF {live}.{self.text.q(column)}"
                if getattr(self.text.dialect, "is_mariadb", False)
                else self.text.dialect.type_compiler_instance.process(column.type)
            )
            yield f"DECLARE c_w{number} {kind};"

    def _settling(self, event: str) -> Iterator[str]:
        """Yield what asks the rows whether a link is there, whatever happened to one of them."""
        if event != "INSERT":
            yield self._if_linking("OLD", self._settle("OLD"))
        if event == "UPDATE":
            yield f"IF {self._key_changed()} THEN SET c_there = 0; {_FORGET}"
        if event != "DELETE":
            yield self._if_linking("NEW", self._settle("NEW"))
        if event == "UPDATE":
            yield "END IF;"

    def _settle(self, alias: str) -> str:
        columns = [column for column, _ in self.table.columns]
        names = {column: f"c_w{number}" for number, column in enumerate(columns)}
        pair = " AND ".join(
            f"s.{self.text.q(c)} = {alias}.{self.text.q(c)}" for c in self.table.key
        )
        live = self.text.name(self.table.live)
        chain = Chain(self.text, self.table, lambda column: names[column])
        return "\n".join(
            (
                f"SELECT 1, {', '.join(f's.{self.text.q(c)}' for c in columns)} "
                f"INTO c_there, {', '.join(names.values())} FROM {live} s "
                f"WHERE {pair} AND {self.text.speaks(self.table, 's')} LIMIT 1 LOCK IN SHARE MODE;",
                "IF c_there THEN",
                self._written(chain, begins=False, old=None, both=True),
                "ELSE",
                self.gone(_row(alias)),
                "END IF;",
            )
        )
