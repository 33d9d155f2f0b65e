"""What the recipes of docs/change-feed.md are tried with, and a process of them that can be killed.

``python -m tests.recipes.shop RECIPE ROLE DATABASE ADDRESS NAME FILE`` is ``publish``, slowly,
or its ``consume``, which writes the number of each transaction to a file.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import nats
import redis
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Session

import flask_continuum
from flask_continuum import make_versioned, versioning_manager
from tests.support.documents import ROOT, read_blocks

PAUSE = 0.004
"""Seconds that a message takes, so that a process is in the midst of it when it is killed."""
GROUP = "index"


def recipe(name: str) -> dict[str, Any]:
    """Return what the block of the document defines that uses a client."""
    text = (ROOT / "docs" / "change-feed.md").read_text(encoding="utf-8")
    (block,) = (each for each in read_blocks(text) if f"import {name}" in each.lines)
    made: dict[str, Any] = {}
    exec("\n".join(block.lines), made)
    return made


def models() -> Any:
    make_versioned(user_cls=None)

    class Base(DeclarativeBase):
        pass

    class Order(Base):
        __tablename__ = "customer_order"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        state = sa.Column(sa.String(20))

    return Order


def fill(database: Path, number: int) -> None:
    """Commit transactions."""
    Order = models()
    engine = sa.create_engine(f"sqlite:///{database}")
    Order.metadata.create_all(engine)
    with Session(engine) as session:
        order = Order(id=1, state="0")
        session.add(order)
        for each in range(number):
            order.state = str(each)
            session.commit()
    engine.dispose()


def as_message_slowly(item: Any) -> Any:
    time.sleep(PAUSE)
    return flask_continuum.as_message(item)


def noting(file: Path) -> Any:
    def handle(message: Any) -> None:
        with file.open("a") as seen:
            seen.write(f"{message['transaction']}\n")
        time.sleep(PAUSE)

    return handle


def run_redis(role: str, database: Path, address: str, name: str, file: Path) -> None:
    made = recipe("redis")
    with redis.Redis.from_url(address) as client:
        if role == "consume":
            made["consume"](client, name, GROUP, "worker", noting(file))
            return
        made["as_message"] = as_message_slowly
        models()
        engine = sa.create_engine(f"sqlite:///{database}")
        with Session(engine) as session:
            made["publish"](session, versioning_manager, client, name)


async def run_nats(role: str, database: Path, address: str, name: str, file: Path) -> None:
    made = recipe("nats")
    client = await nats.connect(address)
    try:
        jetstream = client.jetstream()
        if role == "consume":
            await made["consume"](jetstream, name, GROUP, noting(file))
            return
        made["as_message"] = as_message_slowly
        models()
        engine = create_async_engine(f"sqlite+aiosqlite:///{database}")
        sessions = async_sessionmaker(engine)
        await made["publish"](sessions, versioning_manager, jetstream, name, name)
        await engine.dispose()
    finally:
        await client.close()


if __name__ == "__main__":
    which, role, database, address, name, file = sys.argv[1:]
    if which == "redis":
        run_redis(role, Path(database), address, name, Path(file))
    else:
        asyncio.run(run_nats(role, Path(database), address, name, Path(file)))
