"""A shop whose products have what history does not know, and values that must be unique."""

from __future__ import annotations

import enum
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_login import LoginManager, UserMixin
from flask_sqlalchemy import SQLAlchemy

from flask_continuum.extension import Continuum
from tests.admin.newsroom import Models, Newsroom


class Colour(enum.Enum):
    """For a column of choices."""

    RED = 1
    DARK_BLUE = 2


def make_shop(uri: str, policy: Any = None, **config: Any) -> Newsroom:
    """The application with empty tables and a keeper (1), who may do everything."""
    app = Flask("shop")
    app.config.update(
        SECRET_KEY="a secret of the tests",
        SQLALCHEMY_DATABASE_URI=uri,
        CONTINUUM_ADMIN_USER=lambda user: True,
        TESTING=True,
    )
    app.config.update(config)
    db = SQLAlchemy()
    continuum = Continuum(db=db, policy=policy, user_cls="Keeper")
    models = _define(db)
    db.init_app(app)
    continuum.init_app(app)
    login = LoginManager(app)

    @login.user_loader
    def load_user(user_id: str) -> Any:
        return db.session.get(models.Keeper, int(user_id))

    with app.app_context():
        db.create_all()
        db.session.add(models.Keeper(id=1, name="Kim"))
        db.session.commit()
    return Newsroom(app, db, continuum, models)


def _define(db: SQLAlchemy) -> Any:
    models: Any = Models()

    class Keeper(UserMixin, db.Model):
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(80))

    class Product(db.Model):
        __versioned__ = {"exclude": ["supplier", "price", "colour", "since"]}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(80))
        slug = sa.Column(sa.String(20), unique=True, nullable=False)
        code = sa.Column(sa.Integer, unique=True)
        supplier = sa.Column(sa.String(20), nullable=False)
        price = sa.Column(sa.Numeric(6, 2), nullable=False)
        colour = sa.Column(sa.Enum(Colour), nullable=False)
        since = sa.Column(sa.Date, nullable=False)
        parts = db.relationship(
            "Part", back_populates="product", cascade="all, delete-orphan", order_by="Part.id"
        )

    class Part(db.Model):
        __versioned__ = {"exclude": ["maker"], "label": "serial"}
        id = sa.Column(sa.Integer, primary_key=True)
        serial = sa.Column(sa.String(20), unique=True)
        maker = sa.Column(sa.String(20), nullable=False)
        product_id = sa.Column(sa.ForeignKey("product.id"), nullable=False)
        product = db.relationship(Product, back_populates="parts")

    class Seat(db.Model):
        """Unique by two columns together."""

        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        row = sa.Column(sa.Integer)
        place = sa.Column(sa.Integer)
        __table_args__ = (sa.UniqueConstraint("row", "place"),)

    models.Keeper, models.Product, models.Part, models.Seat = Keeper, Product, Part, Seat
    return models
