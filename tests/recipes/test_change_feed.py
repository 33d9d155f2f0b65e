"""The recipes of docs/change-feed.md against real servers; whoever is killed, nothing is missed."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nats
import pytest
import redis
from nats.js.api import ConsumerConfig, StreamConfig

from tests.recipes.shop import GROUP
from tests.support.availability import LeftOut
from tests.support.documents import ROOT

REDIS = os.environ.get("CONTINUUM_TEST_REDIS", "redis://127.0.0.1:6379")
NATS = os.environ.get("CONTINUUM_TEST_NATS", "nats://127.0.0.1:4222")
TRANSACTIONS = 100


@dataclass
class Broker:
    """A server that messages go through, and what this test calls its stream there."""

    recipe: str
    address: str
    name: str
    count: Callable[[], int]

    def start(self, role: str, folder: Path) -> subprocess.Popen[bytes]:
        words = [
            self.recipe,
            role,
            folder / "shop.sqlite",
            self.address,
            self.name,
            folder / "seen",
        ]
        return subprocess.Popen(
            [sys.executable, "-m", "tests.recipes.shop", *map(str, words)], cwd=ROOT
        )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database that holds some transactions."""
    folder = tmp_path_factory.mktemp("shop")
    program = "from tests.recipes.shop import *; fill(Path(sys.argv[1]), int(sys.argv[2]))"
    words = [str(folder / "shop.sqlite"), str(TRANSACTIONS)]
    subprocess.run([sys.executable, "-c", program, *words], cwd=ROOT, check=True)
    return folder


@pytest.fixture
def by_redis(left_out: LeftOut) -> Iterator[Broker]:
    name = f"continuum-test-{secrets.token_hex(4)}"
    with redis.Redis.from_url(REDIS) as client:
        try:
            client.ping()
        except redis.ConnectionError:
            left_out.leave_out(f"Redis does not answer at {REDIS}")
        yield Broker("redis", REDIS, name, lambda: int(client.xlen(name)))
        client.delete(name, f"{name}:cursor")


async def _prepare(name: str) -> None:
    client = await nats.connect(NATS, connect_timeout=2, max_reconnect_attempts=0)
    try:
        jetstream = client.jetstream()
        await jetstream.add_stream(StreamConfig(name=name, subjects=[name]))
        await jetstream.create_key_value(bucket=name)
        again = ConsumerConfig(durable_name=GROUP, ack_wait=0.5, ack_policy="explicit")
        await jetstream.add_consumer(name, again)
    finally:
        await client.close()


async def _count(name: str) -> int:
    client = await nats.connect(NATS)
    try:
        return int((await client.jetstream().stream_info(name)).state.messages)
    finally:
        await client.close()


async def _clear(name: str) -> None:
    client = await nats.connect(NATS)
    try:
        await client.jetstream().delete_stream(name)
        await client.jetstream().delete_key_value(name)
    finally:
        await client.close()


@pytest.fixture
def by_nats(left_out: LeftOut) -> Iterator[Broker]:
    name = f"continuum-test-{secrets.token_hex(4)}"
    try:
        asyncio.run(_prepare(name))
    except (OSError, nats.errors.Error) as error:
        left_out.leave_out(f"NATS with JetStream does not answer at {NATS}: {error!r}")
    yield Broker("nats", NATS, name, lambda: asyncio.run(_count(name)))
    asyncio.run(_clear(name))


@pytest.mark.parametrize("recipe", ["redis", "nats"])
def test_nothing_is_missed_whoever_is_killed(
    recipe: str, request: pytest.FixtureRequest, shop: Path
) -> None:
    broker: Broker = request.getfixturevalue(f"by_{recipe}")
    seen = shop / "seen"
    seen.unlink(missing_ok=True)

    def handled() -> list[str]:
        return seen.read_text().split() if seen.exists() else []

    killed_in_the_middle(broker.start("publish", shop), broker.count)
    assert broker.start("publish", shop).wait() == 0
    assert broker.count() == TRANSACTIONS  # each is there once
    killed_in_the_middle(broker.start("consume", shop), lambda: len(handled()))
    before = handled()
    time.sleep(0.6)  # until what is not acknowledged is given out again
    assert broker.start("consume", shop).wait() == 0
    every = [str(number) for number in range(1, TRANSACTIONS + 1)]
    assert sorted(set(handled()), key=int) == every
    assert list(dict.fromkeys(before)) == every[: len(set(before))]  # in order
    assert len(handled()) >= TRANSACTIONS


def killed_in_the_middle(process: subprocess.Popen[bytes], done: Callable[[], int]) -> None:
    """Kill a process when it has done some of its work and not all."""
    while done() < TRANSACTIONS // 4:
        assert process.poll() is None, "it has ended by itself"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert done() < TRANSACTIONS
