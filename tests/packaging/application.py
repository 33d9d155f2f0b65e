"""A small application with a history page, run by ``python -I`` in the wheel's environment.

Prints as JSON what came from where.
"""

from __future__ import annotations

import json
import re
import sys

from flask import Flask
from flask_login import LoginManager, UserMixin, login_user
from flask_sqlalchemy import SQLAlchemy

import flask_continuum
from flask_continuum import Continuum

app = Flask(__name__, instance_path=sys.argv[1])
app.config.update(
    SECRET_KEY="only for this test",
    SQLALCHEMY_DATABASE_URI="sqlite:///wheel.sqlite",
    CONTINUUM_ADMIN_USER=lambda user: user.is_authenticated,
)
db = SQLAlchemy(app)
login_manager = LoginManager(app)
continuum = Continuum(app, db)


class User(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)


class Article(db.Model):
    __versioned__ = {}
    id = db.Column(db.Integer, primary_key=True)
    title = db.Column(db.String(200), nullable=False)


@login_manager.user_loader
def load_user(user_id: str) -> User | None:
    return db.session.get(User, int(user_id))


@app.post("/login")
def log_in() -> str:
    login_user(db.session.get(User, 1))
    return "welcome"


with app.app_context():
    db.create_all()
    db.session.add_all([User(), Article(title="Ferry to run all winter")])
    db.session.commit()
    db.session.get(Article, 1).title = "Ferry to run until March"
    db.session.commit()

browser = app.test_client()
browser.post("/login")
answers = {}
for address in ("/history/", "/history/records/article/1"):
    answer = browser.get(address)
    answers[address] = {"status": answer.status_code, "text": answer.text}
    links = re.findall(
        r"<(?:link|script|img)\b[^>]*\b(?:href|src)=[\"']?(/[^\"'\s>]+)", answer.text
    )
    for link in links:
        asset = browser.get(link)
        answers[link] = {
            "status": asset.status_code,
            "type": asset.mimetype,
            "size": len(asset.data),
        }
        asset.close()

with app.app_context():
    db.engine.dispose()

print(
    json.dumps(
        {
            "package": flask_continuum.__file__,
            "template": app.jinja_env.get_template("continuum/base.html").filename,
            "static": app.blueprints["continuum"].static_folder,
            "answers": answers,
        }
    )
)
