"""The extensions of the newsroom, made once and bound to an application by ``create_app``."""

from __future__ import annotations

from pathlib import Path

from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from example_app.policy import NewsroomPolicy
from flask_continuum import Continuum


class Base(DeclarativeBase):
    """What all models share: constraint names that every database and every migration agree on."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)
continuum = Continuum(db=db, policy=NewsroomPolicy)
login_manager = LoginManager()
migrate = Migrate(
    db=db, directory=str(Path(__file__).with_name("migrations")), render_as_batch=True
)
