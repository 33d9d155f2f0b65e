from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.routing import Map, Rule
from werkzeug.test import EnvironBuilder

from flask_continuum.presenters.addresses import (
    PAGE_NAMES,
    BadAddress,
    ModelName,
    decode_key,
    encode_key,
    escape,
    model_segments,
    unescape,
)


class Colour(enum.Enum):
    RED = "r"
    dark_blue = "b"


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["", ".", "..", "...", "a/b", "//", "%2F", "%", "~", "~z", "~n", ",", "a,b", "a b", *PAGE_NAMES]
)
VALUES: Mapping[type, st.SearchStrategy] = {
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**64 - 1),
    float: st.floats(allow_nan=False),
    str: TEXTS,
    bytes: st.binary(max_size=30),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    UUID: st.uuids(),
    date: st.dates(),
    datetime: st.datetimes()
    | st.datetimes(
        min_value=datetime(2, 1, 1),
        max_value=datetime(9998, 1, 1),
        timezones=st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours))),
    ),
    time: st.times(),
    timedelta: st.timedeltas(),
    Colour: st.sampled_from(Colour),
}
TYPES = st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=4).map(tuple)


def keys_of(types: tuple[type, ...]) -> st.SearchStrategy[tuple]:
    return st.tuples(*(st.none() | VALUES[kind] for kind in types))


@given(st.data())
def test_a_key_comes_back_from_its_segment(data):
    types = data.draw(TYPES)
    key = data.draw(keys_of(types))
    assert decode_key(encode_key(key), types) == key


@given(st.data())
def test_two_keys_never_share_a_segment(data):
    types = data.draw(TYPES)
    one, other = data.draw(keys_of(types)), data.draw(keys_of(types))
    assert (encode_key(one) == encode_key(other)) == (one == other)


@given(st.data())
def test_a_segment_passes_through_the_router_unchanged(data):
    key = data.draw(TYPES.flatmap(keys_of))
    segment = encode_key(key)
    rules = Map([Rule("/records/<model>/<key>", endpoint="timeline")])
    path = rules.bind("example.org").build("timeline", {"model": "m", "key": segment})
    assert path == f"/records/m/{segment}"  # nothing had to be percent-encoded
    environ = EnvironBuilder(path=path).get_environ()
    assert rules.bind_to_environ(environ).match() == ("timeline", {"model": "m", "key": segment})


@given(st.data())
def test_a_segment_is_no_page_and_no_dot_segment(data):
    segment = encode_key(data.draw(TYPES.flatmap(keys_of)))
    assert segment not in PAGE_NAMES
    assert segment
    assert not segment.startswith(".")


@given(TYPES, st.text(max_size=20))
def test_any_text_is_a_key_or_a_clear_error(types, text):
    try:
        key = decode_key(text, types)
    except BadAddress as error:
        assert str(error)
    else:
        assert encode_key(key) == text


@given(TEXTS)
def test_escaping_is_reversible(text):
    assert unescape(escape(text)) == text


@pytest.mark.parametrize(
    ("key", "segment"),
    [
        ((42,), "42"),
        ((-1,), "-1"),
        (("harbour-bridge",), "harbour-bridge"),
        (("maya@example.org",), "maya@example.org"),
        (("",), "~z"),
        (("..",), "~2E."),
        (("compare",), "~63ompare"),
        (("a/b",), "a~2Fb"),
        (("50%",), "50~25"),
        (("a,b", "c"), "a~2Cb,c"),
        (("a", "b,c"), "a,b~2Cc"),
        ((None, 1), "~n,1"),
        ((b"\x00\xff",), "00ff"),
        ((b"",), "~z"),
        ((Decimal("1.50"),), "1.5"),
        ((Decimal("100"),), "100"),
        ((date(2026, 3, 3),), "2026-03-03"),
        ((datetime(2026, 3, 3, 14, 5),), "2026-03-03T14:05:00"),
        ((UUID(int=1),), "00000000-0000-0000-0000-000000000001"),
        ((Colour.dark_blue,), "dark_blue"),
    ],
)
def test_readable_segments(key, segment):
    assert encode_key(key) == segment


@pytest.mark.parametrize(
    ("segment", "kind"),
    [
        ("042", int),
        ("+42", int),
        ("4_2", int),
        ("٤٢", int),
        ("1" * 5000, int),
        (str(2**64), int),
        ("1.50", Decimal),
        ("1E+999999999", Decimal),
        ("", str),
        ("compare", str),
        ("..", str),
        ("a~2fb", str),
        ("~41", str),
        ("~FF", str),
        ("~ED~A0~80", str),
        ("a b", str),
        ("1,2", int),
        ("00FF", bytes),
        ("0 0", bytes),
        ("{00000000-0000-0000-0000-000000000001}", UUID),
        ("20260303", date),
        ("True", bool),
        ("GREEN", Colour),
    ],
)
def test_only_the_one_way_to_write_a_key_is_read(segment, kind):
    with pytest.raises(BadAddress):
        decode_key(segment, (kind,))


def test_a_value_without_a_text_of_its_own_is_refused():
    with pytest.raises(TypeError, match="__str__"):
        encode_key((object(),))


# --- models ------------------------------------------------------------------------------------

NAMES = st.sampled_from(["article", "compare", "a b", "a~b", "", ".."])
MODELS = st.lists(
    st.builds(
        ModelName,
        table=NAMES,
        model=NAMES,
        schema=st.none() | NAMES,
        bind=st.none() | NAMES,
        root=st.booleans(),
    ),
    unique_by=lambda name: (name.table, name.model, name.schema, name.bind),
    max_size=6,
)


@given(MODELS)
def test_no_two_models_share_a_segment(names):
    segments = model_segments(names)
    assert len(set(segments)) == len(names)
    assert all(segment and not segment.startswith(".") for segment in segments)


@given(MODELS.filter(lambda names: len(names) < 5))
def test_a_models_segment_does_not_depend_on_the_order(names):
    expected = dict(zip(names, model_segments(names), strict=True))
    for shuffled in permutations(names):
        assert dict(zip(shuffled, model_segments(shuffled), strict=True)) == expected


def test_a_model_is_called_by_its_table():
    names = [
        ModelName("article", "Article"),
        ModelName("article", "Feature", root=False),
        ModelName("article", "Article", schema="archive"),
        ModelName("tag", "Tag", bind="other"),
    ]
    assert model_segments(names) == (
        "article",
        "article~cFeature",
        "article~sarchive~cArticle",
        "tag",
    )
