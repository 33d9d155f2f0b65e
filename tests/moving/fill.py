"""Fill a database with SQLAlchemy-Continuum; run by an interpreter that has it.

``python fill.py URL STRATEGY`` prints, as JSON, what the other package then says of each record.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal

import library
import sqlalchemy as sa
from sqlalchemy.orm import Session, configure_mappers
from sqlalchemy_continuum import make_versioned, versioning_manager


def main(url: str, strategy: str) -> None:
    """Create the tables, let records live, and print their histories."""
    its = library.define(make_versioned, options={"strategy": strategy})
    engine = sa.create_engine(url)
    its.Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(its.Librarian(id=1, name="Ada"))
        sea, land = its.Subject(id=1, name="sea"), its.Subject(id=2, name="land")
        tides = its.Work(id=1, title="Tides", price=Decimal("9.50"), about={"pages": 90})
        nets = its.Book(id=2, title="Nets", isbn="1-23", subjects=[land])
        gone = its.Work(id=3, title="Gone", subjects=[sea], copies=[its.Copy(number=1, shelf="C")])
        session.add_all([sea, land, tides, nets, gone])
        session.commit()
        tides.title = "Tides and Currents"
        tides.subjects.append(sea)
        tides.copies = [its.Copy(number=1, shelf="A"), its.Copy(number=2, shelf="A")]
        session.commit()
        tides.subjects = [land]
        nets.isbn = "1-234"
        tides.copies[1].shelf = "B"
        session.commit()
        tides.about = {"pages": 92, "maps": ["north"]}
        session.delete(gone)
        session.commit()
        print(json.dumps({name: describe(session, getattr(its, name)) for name in VERSIONED}))


VERSIONED = ("Subject", "Work", "Book", "Copy")


def describe(session: Session, model: type) -> list[list[str]]:
    """Every version of a model, as texts."""
    cls = versioning_manager.version_class_map[model]
    keys = [attribute.key for attribute in sa.inspect(cls).column_attrs]
    rows = session.scalars(sa.select(cls)).all()
    return sorted([f"{key}={getattr(row, key)!r}" for key in sorted(keys)] for row in rows)


if __name__ == "__main__":
    configure_mappers()
    main(*sys.argv[1:])
