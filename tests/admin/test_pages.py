"""What the pages say."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest

from flask_continuum.admin.pages.chart import WEEKS, chart_span, make_chart
from flask_continuum.engine.read.counts import Activity, DayCount
from tests.admin.conftest import close, write_story
from tests.admin.newsroom import make_newsroom
from tests.admin.pages import read


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The story, told once, with two versions to a page."""
    folder = tmp_path_factory.mktemp("told")
    made = make_newsroom(
        f"sqlite:///{folder / 'told.sqlite'}",
        CONTINUUM_PAGE_SIZE=2,
        CONTINUUM_TITLE="Newsroom history",
        CONTINUUM_TIMEZONE="Europe/Prague",
    )
    with made.app.app_context():
        write_story(made, secrets=("a", "b"))
        yield made
    close(made)


@pytest.fixture
def look(told):
    """Read a page that must be there."""
    client = told.login(told.app.test_client())

    def look(address):
        response = client.get(address)
        assert response.status_code == 200, response.text
        return read(response.text)

    return look


def test_a_timeline_lists_newest_first_by_day_in_the_viewers_zone(look):
    page = look("/history/records/article/1")
    text = page.text
    assert text.index("Saturday 7 March") < text.index("Friday 6 March")
    assert "11:20" in text  # 10:20 UTC
    assert "Ines Okafor changed tags" in text
    assert "wire-import changed 2 fields" in text
    assert "City" in text and "Transport" in text  # as they were called then
    assert "3 versions by 2 authors" in text
    assert "Revert to this…" in look("/history/records/article/1?operation=created").text
    assert "Undo this change…" in text


def test_older_and_newer_pages_join_without_a_gap(look):
    seen, address, first = [], "/history/records/article/1", None
    while address:
        page = look(address)
        seen += [name for name in page.ids if name.startswith("v") and name[1:].isdigit()]
        older = [link for link in page.links if "cursor=" in link]
        first = first or page.ids
        if not older or "Oldest shown" in page.text:
            break
        address = older[-1]
    assert seen == ["v4", "v3", "v2", "v1"]
    assert "Newer versions" in page.text
    back = next(link for link in page.links if "cursor=" in link)
    assert [name for name in look(back).ids if name in seen] == ["v4", "v3"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("field=title", ["v2", "v1"]),
        ("field=section_id", ["v3", "v1"]),
        ("field=tags", ["v4", "v2"]),
        ("operation=created", ["v1"]),
        ("operation=deleted", []),
        ("user=1", []),
    ],
)
def test_filters_narrow_the_timeline(look, query, expected):
    page = look(f"/history/records/article/1?{query}")
    found = [name for name in page.ids if name.startswith("v") and name[1:].isdigit()]
    assert found == expected
    assert expected or "No version matches" in page.text


def test_two_versions_are_chosen_in_advance(look):
    page = look("/history/records/article/1")
    # #4 changed links only, so there is one version on the page, and nothing to compare it with
    assert not [form for form in page.forms if form.action.endswith("/compare")]
    older = look([link for link in page.links if "cursor=" in link][-1])
    (form,) = (form for form in older.forms if form.action.endswith("/compare"))
    assert (form.values["from"], form.values["to"]) == ("1", "2")


def test_a_version_shows_all_of_the_record_as_it_was(look):
    page = look("/history/records/article/1/2")
    assert "It stood from Thursday 5 March 2026, 11:20 CET until" in page.text
    assert "1 day" in page.text
    assert "Changed in #2" in page.text and "Older than #2" in page.text
    assert "/history/records/section/1" in page.links
    assert "City" in page.text and "Metro" not in page.text.partition("From this version")[0]
    tags = page.text.partition("Relationships")[2]
    assert "draft" in tags and "harbour" in tags
    assert "/history/records/article/1/1" in page.links
    assert "/history/records/article/1/3" in page.links
    assert "/history/records/article/1/2/revert" in page.links
    assert "Tags" in page.text.partition("From this version to now")[2]


def test_the_version_of_a_deletion_says_so(look):
    page = look("/history/records/article/2/6")
    assert "It was deleted on Monday 9 March 2026" in page.text
    assert "Restore this…" in page.text


def test_a_transaction_in_which_only_links_changed_has_its_page(look):
    page = look("/history/records/article/1/4")
    assert "only links changed" in page.text
    relations, _, changes = page.text.partition("What #4 changed")
    assert "draft" not in relations and "harbour" in relations
    assert "draft" in changes


def test_the_steps_from_change_to_change_stop_where_only_links_changed(newsroom, story, maya):
    story.tags = []
    newsroom.db.session.commit()  # 7: only links, as in 4
    steps = {}
    for at in (1, 4, 7):
        html = maya.get(f"/history/records/article/1/{at}").text
        found = dict(re.findall(r'article/1/(\d)" rel="(prev|next)"', html))
        steps[at] = {relation: int(to) for to, relation in found.items()}
    assert steps == {1: {"next": 2}, 4: {"prev": 3, "next": 7}, 7: {"prev": 4}}


def test_only_the_last_change_is_current_also_where_only_links_changed(newsroom, story, maya):
    story.tags = []
    newsroom.db.session.commit()
    own, before, last = (
        read(maya.get(f"/history/records/article/1/{at}").text).text for at in (3, 4, 7)
    )
    for text in (own, before):
        assert "Current" not in text and "It stood from" in text
        assert "harbour" in text.partition("From this version to now")[2]
    assert "Current" in last and "It has stood since" in last


def test_links_since_a_transaction_that_changed_only_links_are_shown(newsroom, story, maya):
    story.tags = []
    newsroom.db.session.commit()
    story.title = "Bridge"
    newsroom.db.session.commit()
    page = read(maya.get("/history/records/article/1/4").text)
    since = page.text.partition("From this version to now")[2]
    assert "harbour" in since and "draft" not in since


def test_a_comparison_is_swapped_and_shown_whole(look):
    page = look("/history/records/article/1/compare?from=1&to=2")
    assert "2 of 6 fields differ" in page.text
    assert "Changed fields Title Body" in page.text
    (swap,) = (link for link in page.links if "from=2" in link and "to=1" in link)
    assert "2 of 6 fields differ" in look(swap).text
    whole = look("/history/records/article/1/compare?from=1&to=2&show=all")
    assert "Words 812" in whole.text
    assert "A secret: its values are not shown." in whole.text
    inline = look("/history/records/article/1/compare?from=1&to=2&layout=inline")
    assert inline.text.count("million") < page.text.count("million")


def test_a_comparison_with_itself_says_so(look):
    assert "No difference" in look("/history/records/article/1/compare?from=1&to=1").text


def test_a_transaction_groups_by_model(look):
    page = look("/history/transactions/3")
    assert "wire-import created 1 section and 1 comment and changed 1 section" in page.text
    text = page.text
    assert text.index("Sections") < text.index("Articles") < text.index("Comments")
    assert "/history/transactions/" in " ".join(page.links)
    assert "← #2" in text and "#4 →" in text


def test_the_uid_and_the_number_lead_to_one_transaction(look, told):
    page = look("/history/records/article/1")
    address = next(link for link in page.links if "/transactions/" in link)
    assert len(address.rpartition("/")[2]) == 32
    assert look(address).text == look("/history/transactions/4").text


def test_a_model_lists_live_and_deleted_records(look):
    live, deleted = look("/history/records/article"), look("/history/records/article?deleted=1")
    assert "Harbour bridge reopens" in live.text and "gone" not in live.text
    assert "gone" in deleted.text and "Harbour" not in deleted.text
    assert "Live 1 Deleted 1" in live.text
    assert "/history/records/article/2/6/revert" in deleted.links
    assert "Nothing has been deleted" in look("/history/records/tag?deleted=1").text
    assert "No places yet" in look("/history/records/place").text
    found = look("/history/records/article?q=HARBOUR")
    assert "Harbour bridge reopens" in found.text
    assert "No article was found for “nothing”" in look("/history/records/article?q=nothing").text


def test_the_overview_searches_former_titles_keys_and_transactions(look, told):
    page = look("/history/?q=city")
    assert "1 record found for “city”" in page.text
    assert "Metro" in page.text
    client = told.login(told.app.test_client())
    assert "/history/transactions/" in client.get("/history/?q=%233").location
    assert "No record was found for “zebra”" in look("/history/?q=zebra").text


def test_the_overview_feeds_the_latest_transactions(look):
    page = look("/history/")
    assert "Ines Okafor deleted" in page.text
    older = look(next(link for link in page.links if "cursor=" in link))
    assert "changed links of Harbour bridge reopens" in older.text


def test_changes_are_narrowed_by_what_the_address_says(look):
    assert "Ines Okafor deleted" in look("/history/changes").text
    until = look("/history/changes?until=2026-03-05").text.partition("Transactions")[2]
    assert "Ines Okafor changed Harbour bridge reopens" in until
    assert "deleted" not in until
    title = look("/history/changes?model=article&field=title&operation=changed").text
    assert "Ines Okafor changed Harbour bridge reopens" in title
    assert "changed links of" not in title
    nothing = look("/history/changes?until=2020-01-01")
    assert "No change matches" in nothing.text
    assert "/history/changes" in nothing.links  # to clear the filters
    assert look("/history/changes?field=title").text == look("/history/changes").text


def test_people_lead_to_what_they_changed(newsroom, maya):
    models, session = newsroom.models, newsroom.db.session
    with newsroom.continuum.acting_as(session.get(models.User, 1)):
        session.add(models.Tag(name="sea"))
        session.commit()
    people = read(maya.get("/history/users").text)
    assert "/history/users/1" in people.links and "/history/changes?user=1" in people.links
    person = read(maya.get("/history/users/1").text)
    assert "User 1, 1 change in 12 weeks" in person.text
    assert "created sea" in person.text


def test_a_table_as_it_was(look, told):
    page = look("/history/records/article?as_of=1")
    assert "You are looking at Wednesday 4 March 2026" in page.text
    assert "1 article existed then" in page.text
    assert "Harbour bridge\n" in page.text or "Harbour bridge" in page.text
    assert "Called Harbour bridge reopens now" in page.text
    assert "/history/records/article/1/1" in page.links
    assert "/history/records/article?as_of=2" in page.links  # the next change of an article
    sooner = look("/history/records/article?day=2020-01-01&time=12:00")
    assert "There were no articles then" in sooner.text
    assert "/history/records/article" in sooner.links  # back to now
    found = look("/history/records/article?as_of=1&q=reopens")
    assert "No article was called “reopens” then" in found.text
    client = told.login(told.app.test_client())
    then = client.get("/history/records/article/1?day=2026-03-04&time=23:00")
    assert then.status_code == 302 and "/history/records/article/1/" in then.location
    early = client.get("/history/records/article/1?day=2020-01-01")
    assert early.status_code == 404 and "was not there yet" in early.text


@pytest.mark.parametrize("moment", ["", "&as_of=6"])
def test_going_to_a_moment_keeps_the_tab_and_the_search(look, moment):
    page = look(f"/history/records/article?deleted=1&q=gone{moment}")
    (form,) = (form for form in page.forms if "day" in form.values)
    # a browser puts the values of a GET form in place of the query of its action
    assert form.action == "/history/records/article"
    assert (form.values["deleted"], form.values["q"]) == ("1", "gone")
    assert "as_of" not in form.values


def test_all_models_are_listed(look):
    page = look("/history/records")
    assert "/history/records/article" in page.links


def test_what_was_never_versioned_answers_404_with_a_way_back(told):
    client = told.login(told.app.test_client())
    response = client.get("/history/records/user/1")
    assert response.status_code == 404
    assert "no history" in response.text
    assert "Back to the overview" in response.text


def test_a_key_used_again_begins_another_history(newsroom, maya):
    models, session = newsroom.models, newsroom.db.session
    for title in ("The first one", "The second one"):
        article = models.Article(id=7, title=title)
        session.add(article)
        session.commit()
        session.delete(article)
        session.commit()
    page = read(maya.get("/history/records/article/7").text)
    assert "This key was used more than once." in page.text
    assert "The first one" not in page.text
    (earlier,) = (link for link in page.links if "life=" in link)
    former = read(maya.get(earlier).text)
    assert "The first one" in former.text


# --- the chart ---------------------------------------------------------------------------------


def test_the_chart_covers_whole_weeks_up_to_today():
    first, last = chart_span(date(2026, 11, 24))
    assert (first.weekday(), last.weekday()) == (0, 6)
    assert first + timedelta(weeks=WEEKS) == last + timedelta(days=1)
    assert last >= date(2026, 11, 24)


def test_bars_stand_on_each_other_and_their_numbers_in_the_table():
    counts = (
        DayCount(date(2026, 11, 23), 3, 10, 1, 0),
        DayCount(date(2026, 11, 24), 0, 5, 0, 2),
        DayCount(date(2026, 11, 3), 1, 0, 0, 0),
    )
    chart = make_chart(
        Activity(tuple(counts)), date(2026, 11, 24), lambda monday: f"/until/{monday}"
    )
    week = chart.weeks[-1]
    assert week.title == "Week of 23 November: 21 changes"
    assert (week.updated, week.inserted, week.reverted, week.deleted) == ("15", "3", "2", "1")
    monday = [bar for bar in week.bars if bar.x == week.bars[0].x]
    assert [bar.tone for bar in monday] == ["upd", "new", "del"]
    for below, above in pairwise(monday):
        assert float(above.y) + float(above.height) == pytest.approx(float(below.y), abs=0.2)
    assert float(monday[0].y) + float(monday[0].height) == float(chart.height)
    assert chart.axis == ("15", "10", "5", "0")
    assert chart.weeks[-4].url == "/until/2026-11-02"
    assert chart.weeks[0].url is None
    assert [line.words for line in chart.legend] == [
        "15 changed",
        "4 created",
        "2 reverted",
        "1 deleted",
    ]


def test_a_chart_of_nothing_is_empty():
    assert make_chart(Activity(()), date(2026, 11, 24), str).empty


def test_a_chart_says_what_it_does_not_count():
    counted = Activity((DayCount(date(2026, 11, 24), 0, 5, 0, 0),), since=date(2026, 11, 18))
    chart = make_chart(counted, date(2026, 11, 24), lambda monday: f"/until/{monday}")
    assert chart.note == "Too much changed to count it all: nothing before 18 November is counted."
    *before, partly, last = chart.weeks
    assert {(week.total, week.bars) for week in before} == {("–", ())}
    assert before[-1].title == "Week of 9 November: not counted"
    assert before[-1].url == "/until/2026-11-09"
    assert (partly.total, last.total) == ("0", "5")
