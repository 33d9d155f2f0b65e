"""The quickstart that applications come with, as it is written, on every database.

``make_versioned()`` takes every marked class of the process, those of other tests too: each of
these tests is a program of its own.
"""

from __future__ import annotations

import subprocess
import sys

from tests.support.databases import Database
from tests.support.documents import ROOT

QUICKSTART = """
import sys
import sqlalchemy as sa
from sqlalchemy.orm import Session, declarative_base

Base = declarative_base()

from flask_continuum import make_versioned
make_versioned(user_cls=None)

class Article(Base):
    __versioned__ = {}
    __tablename__ = 'article'
    id = sa.Column(sa.Integer, primary_key=True, autoincrement=True)
    name = sa.Column(sa.Unicode(255))
    content = sa.Column(sa.UnicodeText)

engine = sa.create_engine(sys.argv[1])
Base.metadata.create_all(engine)
session = Session(engine)

article = Article(name='Some article', content='Some content')
session.add(article); session.commit()
assert article.versions[0].name == 'Some article'
article.name = 'Updated name'; session.commit()
assert article.versions[1].name == 'Updated name'
article.versions[0].revert()
assert article.name == 'Some article'

session.commit()
versions = list(article.versions)
assert [v.name for v in versions] == ['Some article', 'Updated name', 'Some article']
assert [v.operation_type for v in versions] == [0, 1, 1]
assert [v.content for v in versions] == ['Some content'] * 3
session.close()
engine.dispose()
print('done')
"""

ANEW = """
import sys
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session
from flask_continuum import make_versioned, remove_versioning, transaction_class, version_class

class Base(DeclarativeBase):
    pass

class Article(Base):
    __versioned__ = {}
    __tablename__ = 'article'
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.Unicode(255))
    kind = sa.Column(sa.String(20), nullable=False)
    __mapper_args__ = {'polymorphic_on': kind, 'polymorphic_identity': 'article'}

class Recipe(Article):
    __tablename__ = 'recipe'
    id = sa.Column(sa.ForeignKey(Article.id), primary_key=True)
    __mapper_args__ = {'polymorphic_identity': 'recipe'}

engine = sa.create_engine(sys.argv[1])
for title in ('First round', 'Second round'):
    make_versioned(user_cls=None)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        article = Article(name=title)
        session.add(article)
        session.commit()
        assert [version.name for version in article.versions] == [title]
        assert isinstance(article.versions[0], version_class(Article))
        article.name = 'Changed'
        session.commit()
        article.versions[0].revert()
        assert article.name == title
        session.commit()
        assert session.query(transaction_class(Article)).count() == 3
        recipe = Recipe(name='Bread')
        session.add(recipe)
        session.commit()
        assert [type(version) for version in recipe.versions] == [version_class(Recipe)]
    Base.metadata.drop_all(engine)
    remove_versioning()
    assert list(Base.metadata.tables) == ['article', 'recipe']
engine.dispose()
print('done')
"""


def run(program: str, database: Database) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, database.uri],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_quickstart(database: Database) -> None:
    assert run(QUICKSTART, database) == "done\n"


def test_the_same_models_can_be_versioned_anew(database: Database) -> None:
    """Suites of applications set up and take down around each test, with models of a module."""
    assert run(ANEW, database) == "done\n"
