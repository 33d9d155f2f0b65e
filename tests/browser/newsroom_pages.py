"""One page of each kind, made by hand: an awkward newsroom, so that the templates can be judged."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from flask_continuum.admin import contexts as ctx
from flask_continuum.presenters.dates import date_text
from flask_continuum.presenters.field_diff import (
    FieldDiff,
    diff_field,
    masked_field,
    unchanged_field,
)
from flask_continuum.presenters.labels import humanise
from flask_continuum.presenters.values import NOT_RECORDED, Display, display, masked

TITLE = "Harbour bridge reopens a month early"
OLD_TITLE = "Harbour bridge reopens after two-year repair"
HOSTILE = '<script>alert("x")</script> & <b>bold</b> \u202e reversed'
ARABIC = "جسر الميناء يُفتح من جديد بعد عامين من الإصلاح"
EMOJI = "Museum finds a lost letter 📜👩‍🔬"
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
QUIET = "Tolls stay suspended until the end of the year, the council said.\n"
BODY_OLD = (
    "The bridge over the harbour mouth opens to traffic again after two years of repair.\n"
    + QUIET * 3
    + "The work cost 41 million, slightly under budget, and the first cars crossed on Monday.\n"
    "Cyclists get their own lane on the upstream side of the bridge, behind a rail of its own.\n"
    + "Buses cross first, said the mayor, and then everybody else may follow in their own time.\n"
    + QUIET * 11
    + "People have grown fond of the ferry.\n"
)
BODY_NEW = (
    "The bridge over the harbour mouth opens to traffic again after two years of repair.\n"
    + QUIET * 3
    + "The work cost 38.5 million, well under budget, and the first cars crossed on Monday at noon."
    "\n“The ferry will keep running until spring,” said harbour master Lucía Prat, “because people "
    "have grown fond of it.”\n"
    "Buses cross first, said the mayor, and then everybody else may follow in their own time.\n"
    + QUIET * 11
    + "Cyclists get their own lane on the upstream side of the bridge, behind a rail of its own.\n"
)
META_OLD = {
    "wordCount": 639,
    "seo": {"keywords": ["bridge", "harbour"], "canonical": None},
    "wire": {"embargo": {"until": "2026-11-21", "by": "desk"}},
}
META_NEW = {
    "wordCount": 812,
    "seo": {"keywords": ["bridge", "harbour", "ferry"], "canonical": ""},
    "wire": {},
}


class Status(enum.Enum):
    """A status, for values that are drawn as chips."""

    DRAFT = "draft"
    PUBLISHED = "published"


MAYA = ctx.Person(name="Maya Lind", initials="ML", colour=1)
TOMAS = ctx.Person(name="Tomás Ferreira", initials="TF", colour=2)
INES = ctx.Person(name="Ines Okafor", initials="IO", colour=3, url="#")
WIRE = ctx.Person(name="wire-import", initials="⚙", colour=0, kind="program")
NOBODY = ctx.Person(name="Unknown", initials="?", colour=0, kind="unknown")
PEOPLE = (MAYA, TOMAS, INES, WIRE, NOBODY)


def moment(day: int = 23, hour: int = 14, minute: int = 2, words: str = "") -> ctx.Moment:
    at = datetime(2026, 11, day, hour, minute, 4, tzinfo=UTC)
    return ctx.Moment(
        words=words or f"{at:%H:%M}",
        full=f"{at:%A} {date_text(at)}, {at:%H:%M} UTC",
        iso=f"{at:%Y-%m-%dT%H:%M:%SZ}",
        title=f"{at:%Y-%m-%d %H:%M:%S} UTC",
    )


def ref(number: int) -> ctx.TransactionRef:
    return ctx.TransactionRef(id=str(number), label=f"#{number}", url="#")


def record(label: str, name: str = "Article 42", **more: Any) -> ctx.RecordRef:
    return ctx.RecordRef(
        **{"label": label, "name": name, "model_label": "Article", "url": "#"} | more
    )


def say(*parts: str | ctx.Piece) -> tuple[ctx.Piece, ...]:
    return tuple(ctx.Piece(text=part) if isinstance(part, str) else part for part in parts)


def go(label: str, **more: Any) -> ctx.Link:
    return ctx.Link(label=label, url="#", **more)


def field(key: str, old: Any, new: Any, **more: Any) -> ctx.FieldView:
    options = {name: more.pop(name) for name in ("full", "created") if name in more}
    diff = diff_field(key, old, new, **options)
    return field_view(diff, **more)


def field_view(diff: FieldDiff, **more: Any) -> ctx.FieldView:
    stat = None
    if diff.added or diff.removed:
        stat = ctx.Stat(
            added=f"+{diff.added}" if diff.added else "",
            removed=f"−{diff.removed}" if diff.removed else "",
        )
    return ctx.FieldView(
        key=diff.key, anchor=f"field-{diff.key}", label=diff.label, diff=diff, stat=stat, **more
    )


def reference(label: str, note: str | None = None) -> Display:
    shown = display(label)
    return Display(shown.kind, shown.text, href="#", note=note)


def section_field() -> ctx.FieldView:
    plain = diff_field("section", "City", "Transport")
    old, new = reference("City"), reference("Transport", "City has been called Metro since then.")
    return field_view(
        FieldDiff(plain.key, plain.label, plain.kind.__class__.REPLACED, old=old, new=new)
    )


def some_fields(*, full: bool = False) -> tuple[ctx.FieldView, ...]:
    return (
        field("title", OLD_TITLE, TITLE, full=full),
        field("title_ar", None, ARABIC, full=full),
        field("status", Status.DRAFT, Status.PUBLISHED),
        field("published_at", None, datetime(2026, 11, 23, 14, tzinfo=UTC)),
        section_field(),
        field("breaking", False, True),
        field("price", Decimal("12.50"), Decimal("9.90")),
        field("photo", b"\xff\xd8\xff" + bytes(418_000), b"\xff\xd8\xff" + bytes(391_000)),
        field_view(masked_field("preview_token", "Hidden by policy")),
        field("headline", HOSTILE, HOSTILE.replace("bold", "bolder"), full=full),
        field("slug", UNBROKEN, UNBROKEN + "x", full=full),
        field("body", BODY_OLD, BODY_NEW, full=full, url=None if full else "#"),
        field("metadata", META_OLD, META_NEW, full=full),
        field("subtitle", "Ferry until spring", ""),
        field("keywords", ["draft", "city"], ["harbour", "city"], full=full),
    )


def tag_links() -> ctx.LinkView:
    chips = [
        ctx.LinkChip(record=record(label, f"Tag {number}", note=note), change=change)
        for number, (label, change, note) in enumerate(
            (("harbour", "added", None), ("transport", "added", None), ("draft", "removed", None))
        )
    ]
    return ctx.LinkView(
        key="tags",
        anchor="field-tags",
        label="Tags",
        chips=tuple(chips),
        more="3 unchanged",
        stat=ctx.Stat(added="+2", removed="−1"),
    )


def layout(heading: str, **more: Any) -> ctx.Layout:
    search = ctx.FilterForm(
        action="/search",
        label="Search history",
        text=ctx.TextInput(name="q", label="Find a record", placeholder="Find by title or key"),
    )
    return ctx.Layout(
        **{
            "brand": "Newsroom history",
            "home_url": "#",
            "title": heading,
            "heading": heading,
            "menu": (go("Overview"), go("Records", current=True)),
            "crumbs": (ctx.Crumb(label="Records", url="#"), ctx.Crumb(label=heading)),
            "search": search,
            "viewer": MAYA,
        }
        | more
    )


def select(name: str, label: str, *labels: str) -> ctx.Select:
    choices = tuple(
        ctx.Choice(value=each.lower(), label=each, selected=number == 0)
        for number, each in enumerate(labels)
    )
    return ctx.Select(name=name, label=label, choices=choices)


def chart() -> ctx.Chart:
    weeks = []
    for number in range(12):
        bars = []
        for weekday in range(7):
            tall = (number * 7 + weekday * 13) % 70 + 8
            x = number * 98 + weekday * 14 + 2
            for tone, low, high in (("upd", 0, 0.7), ("new", 0.7, 0.92), ("del", 0.92, 1)):
                bars.append(
                    ctx.Bar(
                        x=str(x),
                        y=f"{136 - tall * high:.1f}",
                        width="10",
                        height=f"{tall * (high - low):.1f}",
                        tone=tone,
                    )
                )
        weeks.append(
            ctx.Week(
                label=f"{number + 1} September",
                title=f"Week of {number + 1} September: 154 changes",
                url="#",
                x=str(number * 98),
                width="98",
                bars=tuple(bars),
                updated="119",
                inserted="30",
                reverted="0",
                deleted="5",
                total="154",
            )
        )
    words = ("1,383 changed", "331 created", "6 reverted", "103 deleted")
    return ctx.Chart(
        label="Changes per day in twelve weeks; each group of bars opens its week",
        caption="Changes per week, twelve weeks to today",
        width="1176",
        height="136",
        lines=("136", "91", "45", "0"),
        axis=("90", "60", "30", "0"),
        months=tuple((str(number * 98), f"{number * 2 + 1} Sep") for number in range(12)),
        weeks=tuple(weeks),
        legend=tuple(
            ctx.Legend(tone=tone, words=each)
            for tone, each in zip(("upd", "new", "back", "del"), words, strict=True)
        ),
    )


def feed_item(person: ctx.Person, words: tuple[ctx.Piece, ...], **more: Any) -> ctx.FeedItem:
    return ctx.FeedItem(
        **{"person": person, "words": words, "moment": moment(), "transaction": ref(1187)} | more
    )


def record_rows(*, deleted: bool = False) -> tuple[ctx.RecordRow, ...]:
    titles = (TITLE, EMOJI, HOSTILE, ARABIC, UNBROKEN)
    rows = [
        ctx.RecordRow(
            record=record(title, f"Article {40 + number}", live=not deleted),
            person=PEOPLE[number],
            words=say("deleted it" if deleted else "changed it"),
            moment=moment(words="3 Mar, 10:20"),
            transaction=ref(511 + number),
            actions=(go("Restore…"),) if deleted else (),
            pills=(ctx.Pill(words="Deleted", tone="del"),) if deleted else (),
        )
        for number, title in enumerate(titles)
    ]
    rows.append(
        ctx.RecordRow(
            record=record("Article 36", "Article 36", placeholder=True),
            person=None,
            words=say("no longer in the history"),
            moment=None,
            transaction=None,
        )
    )
    return tuple(rows)


def overview(**more: Any) -> ctx.OverviewPage:
    article = ctx.Piece(text=TITLE, url="#")
    hint = say(
        "A title as it is or once was, a key such as ", ctx.Piece(text="article 42", mono=True)
    )
    today = (
        feed_item(
            MAYA, say("changed ", article, " and 2 comments"), sub=say("Title, Status, Published")
        ),
        feed_item(
            INES, say("created ", ctx.Piece(text=EMOJI, url="#")), reason="Agreed on Friday" * 9
        ),
        feed_item(
            TOMAS,
            say("reverted ", ctx.Piece(text="Body", strong=True), " of ", article),
            pills=(ctx.Pill(words="Revert", tone="back"),),
            reason="Bring back the quotes the import dropped",
        ),
        feed_item(NOBODY, say("changed ", ctx.Piece(text=UNBROKEN, url="#"))),
    )
    friday = (
        feed_item(
            WIRE,
            say("changed ", ctx.Piece(text="41 articles", url="#"), ", deleted 3 comments"),
            pills=(ctx.Pill(words="Command line"),),
        ),
    )
    models = [
        ctx.ModelRow(
            label=label,
            url="#",
            live=live,
            deleted="37",
            deleted_url="#",
            changes="14,882",
            last=moment(words="today, 14:02"),
            last_person=MAYA,
        )
        for label, live in (("Articles", "1,204"), ("Comments", "8,310"), ("Tags", "421"))
    ]
    models.append(
        ctx.ModelRow(
            label="Newsletters",
            url="#",
            live="0",
            deleted="0",
            deleted_url=None,
            changes="0",
            last=None,
            pills=(ctx.Pill(words="Not in the code now", tone="warn"),),
        )
    )
    values = {
        "layout": layout(
            "History",
            title="Newsroom history",
            crumbs=(),
            search=None,
            subtitle=say("Everything that changed in the newsroom since 2 March 2026"),
        ),
        "search": ctx.FilterForm(
            action="/",
            label="Find a record",
            text=ctx.TextInput(
                name="q", label="Find a record", placeholder="Find a record by title", hint=hint
            ),
        ),
        "chart": chart(),
        "days": (
            ctx.FeedDay(heading="Today", note="Monday 23 November", items=today),
            ctx.FeedDay(heading="Friday", note="20 November", items=friday),
        ),
        "feed_empty": None,
        "feed_url": "#",
        "pager": ctx.Pager(older=go("Older transactions")),
        "models": tuple(models),
    }
    return ctx.OverviewPage(**values | more)


def overview_found() -> ctx.OverviewPage:
    return overview(results=record_rows(), results_heading="6 records found for “bridge”")


def overview_empty() -> ctx.OverviewPage:
    nothing = ctx.Empty(
        heading="Nothing has changed yet",
        words="Every change of a model that carries __versioned__ will appear here.",
    )
    missing = ctx.Empty(
        heading="No record is called “ferries”", words="Try a shorter word.", kind="search"
    )
    return overview(
        chart=ctx.Chart(
            label="", caption="", width="1", height="1", lines=(), axis=(), months=(), weeks=(),
            legend=(), empty=True,
        ),
        days=(), feed_empty=nothing, pager=ctx.Pager(), results=(), results_empty=missing,
        results_heading="Nothing found",
    )  # fmt: skip


def models() -> ctx.ModelsPage:
    return ctx.ModelsPage(layout=layout("Records"), models=overview().models)


def activity(**more: Any) -> ctx.ActivityPage:
    values = {
        "layout": layout("Changes", subtitle=say("Everything that changed, newest first")),
        "filter": ctx.FilterForm(
            action="#",
            label="Filter changes",
            text=ctx.TextInput(name="q", label="Words", placeholder="In reasons and titles"),
            selects=(
                select("model", "Model", "Any model", "Articles", "Comments"),
                select("field", "Field", "Any field", "Title"),
                select("kind", "How", "Any way", "Plain edits", "Reverts"),
            ),
            days=(
                ctx.DateInput(name="since", label="From", value="2026-11-01"),
                ctx.DateInput(name="until", label="To"),
            ),
            active=True,
            clear_url="#",
        ),
        "days": overview().days,
        "pager": ctx.Pager(words="Newest shown", older=go("Older changes")),
    }
    return ctx.ActivityPage(**values | more)


def activity_empty() -> ctx.ActivityPage:
    return activity(
        days=(),
        pager=ctx.Pager(),
        empty=ctx.Empty(
            heading="No change matches",
            words="Nothing in the history fits all of these filters.",
            links=(go("Clear filters"),),
            kind="search",
        ),
    )


def people() -> ctx.PeoplePage:
    items = [item for day in overview().days for item in day.items]
    return ctx.PeoplePage(
        layout=layout("People"),
        rows=tuple(
            ctx.PersonRow(
                person=item.person,
                changes="1,204",
                changes_url="#",
                last=item.moment,
                transaction=item.transaction,
            )
            for item in items
        ),
        notices=(ctx.Notice(words=say("Only the 200 who changed something last are listed.")),),
    )


def person() -> ctx.PersonPage:
    return ctx.PersonPage(
        layout=layout("Maya Lind", subtitle=say("User 1, 31 changes in 12 weeks")),
        person=MAYA,
        chart=chart(),
        days=overview().days,
        pager=ctx.Pager(older=go("Older changes")),
    )


def model(**more: Any) -> ctx.ModelPage:
    values = {
        "layout": layout(
            "Articles",
            subtitle=say("1,204 live, 37 deleted, 14,882 changes"),
            tabs=(
                ctx.Tab(label="Live", url="#", current=True, count="1,204"),
                ctx.Tab(label="Deleted", url="#", count="37"),
            ),
            tabs_label="Articles",
        ),
        "filter": ctx.FilterForm(
            action="",
            label="Filter articles",
            text=ctx.TextInput(name="q", label="Title or key"),
        ),
        "caption": "Articles, last changed first",
        "deleted": False,
        "rows": record_rows(),
        "pager": ctx.Pager(words="First 6, last changed first", older=go("More articles")),
    }
    return ctx.ModelPage(**values | more)


def model_deleted() -> ctx.ModelPage:
    return model(deleted=True, rows=record_rows(deleted=True))


def model_then() -> ctx.ModelPage:
    fates = (
        (None, say("Unchanged")),
        (ctx.Pill(words="Deleted", tone="del"), (ctx.Piece(text="in #1043", url="#"),)),
        (None, (ctx.Piece(text="Called "), ctx.Piece(text="Harbour", url="#"))),
    )
    rows = tuple(
        replace(row, became=fates[place % 3][1], became_pill=fates[place % 3][0])
        for place, row in enumerate(record_rows())
    )
    form = ctx.MomentForm(action="#", day="2026-03-03", time="14:05", zone="UTC")
    banner = ctx.MomentBanner(
        words=say("You are looking at 3 March 2026, 14:05 UTC."),
        earlier=go("#514, 12 minutes before"),
        later=go("#516, 41 minutes after"),
        now=go("Back to now"),
        form=form,
        sooner=(go("1 day earlier"), go("1 week earlier")),
        after=(go("1 day later"),),
    )
    return model(rows=rows, banner=banner)


def model_empty() -> ctx.ModelPage:
    return model(
        rows=(),
        pager=ctx.Pager(),
        empty=ctx.Empty(
            heading="Nothing has been deleted",
            words="A deleted article stays here with its whole history, and one button brings it "
            "back with the comments and photos that went with it.",
            links=(go("See live articles"),),
        ),
    )


def entry(number: int, person: ctx.Person, words: tuple[ctx.Piece, ...], **more: Any) -> Any:
    values = {
        "id": str(number),
        "person": person,
        "words": words,
        "node": "upd",
        "moment": moment(),
        "transaction": ref(number),
        "actions": (go("View"), go("Revert to this…")),
    }
    return ctx.EntryView(**values | more)


def entries() -> tuple[ctx.EntryView, ...]:
    fields = some_fields()
    back = (ctx.Pill(words="Revert", tone="back"),)
    body = ctx.Piece(text="Body", strong=True)
    to = ctx.Piece(text="#1173", mono=True, url="#")
    return (
        entry(
            1187, MAYA, say("changed 8 fields"), fields=fields[:8], links=(tag_links(),),
            current=True, picked_to=True, pick_from=False, more=go("7 more fields"),
        ),
        entry(
            1184, TOMAS, say("reverted ", body, " to ", to), node="back", fields=(fields[11],),
            picked_from=True, pills=back, reason="Bring back the quotes the import dropped",
        ),
        entry(1180, WIRE, say("changed 6 fields"), fields=fields[8:11] + fields[12:]),
        entry(1168, NOBODY, say("deleted the article"), node="del", reason=UNBROKEN),
        entry(
            1160, TOMAS, say("added the comment ", ctx.Piece(text=UNBROKEN, url="#")), node="ins",
            child=True, anchor="v1160-comments-1", record=record(UNBROKEN, "Comment 4"),
            pick_from=False, pick_to=False, pills=(ctx.Pill(words="Comments"),),
            fields=(field("body", None, BODY_OLD, created=True),),
        ),
        entry(
            511, INES, say("created the article with 9 fields"), node="ins", pick_to=False,
            fields=(
                field("title", None, OLD_TITLE, created=True),
                field("subtitle", None, "", created=True),
                field("body", None, BODY_OLD, created=True),
                field("status", None, Status.DRAFT, created=True),
            ),
        ),
    )  # fmt: skip


def state_rows() -> tuple[ctx.ValueRow, ...]:
    return tuple(row for group in value_groups() for row in group.rows)[:6]


def timeline(**more: Any) -> ctx.TimelinePage:
    newest, *older = entries()
    filters = ctx.FilterForm(
        action="",
        label="Filter versions",
        selects=(
            select("field", "Field", "Any field", "Title", "Body"),
            select("user", "Author", "Anyone", "Maya Lind"),
            select("operation", "Kind of change", "Any kind", "Created"),
        ),
        active=True,
        clear_url="#",
    )
    values = {
        "layout": layout(
            TITLE,
            subtitle=say("Article 42, 14 versions by 5 authors since 3 March 2026"),
            pills=(ctx.Pill(words="Live", tone="live"),),
            flashes=(
                ctx.Flash(words="Article 42 is as it was at #1173 again.", link=go("Undo…")),
                ctx.Flash(words="Something needs a look.", tone="warn"),
            ),
        ),
        "record": record(TITLE),
        "days": (
            ctx.DayView(heading="Today", note="Monday 23 November", entries=(newest,)),
            ctx.DayView(heading="Friday", note="20 November", entries=tuple(older)),
        ),
        "filter": filters,
        "authors": tuple(
            ctx.Author(person=each, count=6 - number, most=6, label="6 of 14 versions", url="#")
            for number, each in enumerate(PEOPLE)
        ),
        "compare": ctx.CompareForm(
            action="/compare",
            words=say(
                "Comparing ", ctx.Piece(text="#1184", strong=True), " with ",
                ctx.Piece(text="#1187", strong=True),
            ),
        ),
        "pager": ctx.Pager(words="Newest shown", older=go("Older versions")),
        "state": state_rows(),
        "state_heading": "Now",
    }  # fmt: skip
    return ctx.TimelinePage(**values | more)


def timeline_single() -> ctx.TimelinePage:
    only = entry(
        511, INES, say("created the article with 2 fields"), node="ins", current=True,
        pick_from=False, pick_to=False,
        fields=(
            field("title", None, OLD_TITLE, created=True),
            field("body", None, BODY_OLD, created=True),
        ),
    )  # fmt: skip
    return timeline(
        days=(ctx.DayView(heading="Today", note="", entries=(only,)),),
        compare=None,
        pager=ctx.Pager(),
    )


def timeline_empty() -> ctx.TimelinePage:
    return timeline(
        days=(), compare=None, pager=ctx.Pager(), authors=(),
        empty=ctx.Empty(
            heading="No version fits the filter", words="14 versions exist.", kind="search",
            links=(go("Clear filters"),),
        ),
        notices=(ctx.Notice(words=say("The history of this record begins on 3 March.")),),
    )  # fmt: skip


def row(key: str, value: Display, **more: Any) -> ctx.ValueRow:
    values = {"person": MAYA, "moment": moment(words="3 Mar"), "transaction": ref(511)}
    return ctx.ValueRow(
        **{"key": key, "anchor": f"value-{key}", "label": humanise(key), "value": value}
        | values
        | more
    )


def value_groups() -> tuple[ctx.ValueGroup, ...]:
    nobody = {"person": None, "moment": None, "transaction": None}
    older = (
        row("title", display(OLD_TITLE)),
        row("title_ar", display(ARABIC), person=TOMAS),
        row("subtitle", display("")),
        row("status", display(Status.DRAFT)),
        row("published_at", display(None), blame="nobody yet", **nobody),
        row("section", reference("City", "City has been called Metro since 21 November.")),
        row(
            "reading_time",
            NOT_RECORDED,
            blame="unknown",
            note=say("The field came to the model on 21 November, one day later."),
            **nobody,
        ),
        row("breaking", display(False), person=NOBODY),
        row("preview_token", masked("Hidden by policy")),
        row("photo", display(b"\xff\xd8\xff" + bytes(418_000)), person=WIRE),
        row("metadata", display({**META_OLD, "more": [QUIET] * 9})),
        row("small_metadata", display({"a": 1})),
        row("keywords", display(["bridge", "", "harbour", "ferry"])),
        row("price", display(Decimal("12.50"))),
        row("published_on", display(date(2026, 11, 23))),
        row("headline", display(HOSTILE)),
        row("slug", display(UNBROKEN * 3)),
    )
    here = (
        row(
            "body",
            display(BODY_OLD),
            person=INES,
            here=True,
            changed=True,
            stat=ctx.Stat(added="+20", removed="−9"),
        ),
    )
    return (
        ctx.ValueGroup(heading="Changed in #1176", rows=here),
        ctx.ValueGroup(heading="Older than #1176", rows=older),
    )


def version() -> ctx.VersionPage:
    gone = record("Great news for the east side", "Comment 318", note="deleted since", live=False)
    comments = (gone, record(HOSTILE, "Comment 320"), record("Comment 4", "Comment 4", url=None,
                placeholder=True))  # fmt: skip
    return ctx.VersionPage(
        layout=layout(
            OLD_TITLE,
            crumbs=(
                ctx.Crumb(label="Records", url="#"), ctx.Crumb(label="Articles", url="#"),
                ctx.Crumb(label="#1176"),
            ),
            subtitle=say(
                "Article 42 as ", ctx.Piece(text="Ines Okafor", url="#"), " saved it in ",
                ctx.Piece(text="#1176", mono=True, url="#"),
            ),
            actions=(go("Compare with now"),),
            main_action=go("Revert to this…"),
        ),
        record=record(OLD_TITLE),
        banner=ctx.MomentBanner(
            words=say(
                "It stood from ", ctx.Piece(text="Friday 20 November 2026, 09:18", strong=True),
                " until 18:30 UTC, 9 hours.",
            ),
            earlier=go("#1175, 1 minute before"),
            later=go("#1180, 9 hours after"),
            now=go("Back to now"),
        ),
        groups=value_groups(),
        relations=(
            ctx.RelationRow(key="author", label="Author", many=False,
                            records=(record("Maya Lind", "Person 1"),)),
            ctx.RelationRow(key="section", label="Section", many=False, records=(
                record("City", "Section 3", note="called Metro since 21 November"),)),
            ctx.RelationRow(key="lead", label="Lead", many=False, records=(), absent="not set"),
            ctx.RelationRow(key="comments", label="Comments", many=True, records=comments,
                            more="and 112 more"),
        ),
        relations_note="as they were at 09:18",
        before=ctx.DiffPart(heading="What #1176 changed", anchor="before",
                            fields=some_fields(full=True), links=(tag_links(),)),
        now=ctx.DiffPart(heading="What changed since", anchor="now", empty="Nothing differs.",
                         link=go("Compare side by side")),
        facts=facts(),
        near=tuple(
            ctx.NearItem(moment=moment(20, 9, 18 - number), label=f"#{1187 - number}, Body",
                         url="#", current=number == 2)
            for number in range(5)
        ),
    )  # fmt: skip


def facts() -> tuple[ctx.Fact, ...]:
    return (
        ctx.Fact(label="Changed by", person=INES),
        ctx.Fact(label="At", moment=moment(20, 9, 18)),
        ctx.Fact(label="From", value=say(ctx.Piece(text="203.0.113.7", mono=True))),
        ctx.Fact(label="Together", value=say("2 comments in ", ctx.Piece(text="#1176", url="#"))),
        ctx.Fact(label="Reason", absent="not given"),
    )


def compared(view: ctx.FieldView, old: Any, new: Any, **more: Any) -> ctx.ComparedField:
    values = {
        "field": view, "changed": True, "long": False, "before": display(old),
        "after": display(new),
    }  # fmt: skip
    return ctx.ComparedField(**values | more)


def compare(*, side_by_side: bool = True) -> ctx.ComparePage:
    fields = some_fields(full=True)
    short = [each for each in fields if not each.diff.is_long]
    values = [compared(each, None, None) for each in short]
    values.append(
        compared(field_view(unchanged_field("city", "Porto")), "Porto", "Porto", changed=False)
    )
    panels = (
        compared(fields[11], BODY_OLD, BODY_NEW, long=True),
        compared(fields[12], META_OLD, META_NEW, long=True),
    )
    moments = ("#1187, today 14:02", "#1184, today 11:47", "#511, 3 Mar 10:20")
    return ctx.ComparePage(
        layout=layout(
            "Compare versions",
            subtitle=say("Article 42, ", ctx.Piece(text=TITLE, url="#")),
            actions=(go("Older pair"), go("Newer pair")),
            main_action=go("Revert to #1173…"),
        ),
        record=record(TITLE),
        action="",
        before=ctx.CompareEnd(label="Before", select=select("from", "Before", *moments[::-1]),
                              person=INES, moment=moment(20, 9, 15)),
        after=ctx.CompareEnd(label="After", select=select("to", "After", *moments), person=MAYA,
                             moment=moment(), pills=(ctx.Pill(words="Current", tone="now"),)),
        hidden=(ctx.Hidden(name="layout", value="split"),),
        swap_url="#",
        summary=say(ctx.Piece(text="16 of 20 fields differ", strong=True), ", 5 versions apart"),
        layouts=(go("Side by side", current=side_by_side), go("Inline", current=not side_by_side)),
        shown=(go("Changed", current=True), go("All")),
        side_by_side=side_by_side,
        values=tuple(values),
        values_note="14 of 18 differ",
        panels=panels,
        links=(tag_links(),),
        toc=(*short, tag_links(), *(each.field for each in panels)),
        notices=(
            ctx.Notice(
                words=say(ctx.Piece(text="Reading time", strong=True), " came after #1173."),
                tone="warn",
            ),
        ),
    )  # fmt: skip


def compare_inline() -> ctx.ComparePage:
    return compare(side_by_side=False)


def commit(button: str, **more: Any) -> ctx.Commit:
    values = {
        "heading": "Nothing has changed yet",
        "action": "",
        "hidden": (ctx.Hidden(name="csrf_token", value="x"),),
        "button": button,
        "facts": (ctx.Fact(label="Cannot come back", value=say("4")),),
        "note": "This writes a new transaction and deletes no history. You can undo it.",
        "leave": go("Leave without reverting"),
        "reason_hint": "Shown on the timeline, for everyone who may see the article.",
    }
    return ctx.Commit(**values | more)


def plan_relation(number: int, label: str, act: str, *, ticked: bool = True) -> ctx.PlanRelation:
    return ctx.PlanRelation(
        id=f"r{number}", name="relation", value=f"comments+{number}", label=label, sub="comment",
        act=act, ticked=ticked, stays="Stays as it is",
        chips=(ctx.LinkChip(record=record("Great news for the east side", "Comment 318"),
                            change={"add": "added", "rem": "removed"}.get(act, "same")),),
        note=say("Deleted in ", ctx.Piece(text="#1180", url="#"), ". It keeps its key, 318."),
    )  # fmt: skip


def cannot() -> tuple[ctx.CannotItem, ...]:
    return (
        ctx.CannotItem(label="Reading time", words="The field came later.", not_recorded=True),
        ctx.CannotItem(label="Photo, the file", words="The history keeps its size and hash only."),
        ctx.CannotItem(label="Preview token", words="Ask Jonas Weber, who may change it.",
                       pill=ctx.Pill(words="Hidden by policy", tone="warn")),
    )  # fmt: skip


def revert(**more: Any) -> ctx.RevertPage:
    fields = [
        ctx.PlanField(id=f"f{number}", name="field", value=view.key, field=view,
                      ticked=number not in (0, 4, 11), disabled=number == 9,
                      stays="Stays as it is")
        for number, view in enumerate(some_fields(full=True))
    ]  # fmt: skip
    values = {
        "layout": layout(
            "Revert to #1176",
            subtitle=say(
                "Article 42, ",
                ctx.Piece(text=TITLE, url="#"),
                ", back to what Ines Okafor saved on Friday 20 November, 09:18 UTC",
            ),
            actions=(go("Compare instead"),),
        ),
        "record": record(TITLE),
        "kind": "revert",
        "fields": tuple(fields),
        "fields_note": "now → then",
        "relations": (
            plan_relation(1, "Recreate", "add"),
            plan_relation(2, "Remove", "rem", ticked=False),
            plan_relation(3, "Relink", "link"),
        ),
        "cannot": cannot(),
        "ticks": (go("all"), go("none"), go("only what #1180 changed")),
        "unchanged": "7 more fields are the same now as then.",
        "commit": commit("Revert article 42", reason="The import dropped the quotes."),
    }
    return ctx.RevertPage(**values | more)


def stale() -> ctx.Stale:
    hit = (ctx.Pill(words="In your revert", tone="warn"),)
    return ctx.Stale(
        heading="Not reverted: the article changed while you were reading",
        words=say("Tomás Ferreira saved ", ctx.Piece(text="#1188", mono=True, url="#"),
                  " at 14:26. Nothing of yours has been applied; your ticks are kept."),
        parts=(
            ctx.StalePart(heading="What #1188 changed", note="1 of 2 fields meets your revert",
                          fields=(field("body", BODY_OLD, BODY_NEW, full=True, pills=hit),
                                  field("subtitle", "", "Ferry stays until spring"))),
        ),
        action="", hidden=(), button="Review the new plan",
        note="The plan opens against #1188. Nothing is applied before you confirm it there.",
        leave=go("Leave without reverting"),
    )  # fmt: skip


def revert_stale() -> ctx.RevertPage:
    return revert(stale=stale())


def revert_nothing() -> ctx.RevertPage:
    return revert(
        fields=(), relations=(), cannot=(),
        commit=commit("Revert article 42", disabled=True, error="The form had expired."),
        empty=ctx.Empty(heading="Nothing to do", words="The article is as it was at #1176."),
    )  # fmt: skip


def transaction() -> ctx.TransactionPage:
    fields = some_fields()
    articles = (
        entry(1180, WIRE, say("changed"), record=record(OLD_TITLE), fields=fields[4:8],
              links=(tag_links(),), actions=(go("View"),), more=go("4 more fields")),
        entry(1180, WIRE, say("changed"), record=record(EMOJI, "Article 58"), fields=fields[11:13],
              actions=(go("View"),)),
    )  # fmt: skip
    comments = tuple(
        entry(1180, WIRE, say("changed"), node=node, actions=(go("View"),),
              record=record(label, f"Comment {number}"))
        for number, (label, node) in enumerate(
            (("Great news", "del"), (HOSTILE, "ins"), (UNBROKEN, "back")))
    )  # fmt: skip
    return ctx.TransactionPage(
        layout=layout(
            "wire-import changed 47 records",
            subtitle=say("Transaction ", ctx.Piece(text="#1180", mono=True),
                         ", Friday 20 November 2026, 18:30 UTC"),
            pills=(ctx.Pill(words="Command line"),),
            actions=(go("#1179", rel="prev"), go("#1181", rel="next"), go("Undo this…")),
        ),
        groups=(
            ctx.ModelGroup(label="Articles", anchor="articles", note="41 changed", entries=articles,
                           more=go("39 more articles")),
            ctx.ModelGroup(label="Comments", anchor="comments", note="3 deleted",
                           entries=comments),
        ),
        facts=facts(),
        reason="New order in the menu, agreed on Friday",
        context=(ctx.Fact(label="Batch", value=say(ctx.Piece(text="tt-2026", mono=True))),),
    )  # fmt: skip


def option(number: int, label: str, shown: str, **more: Any) -> ctx.Option:
    values = {
        "id": f"o{number}", "name": f"c{number // 10}", "value": label.lower(), "label": label,
        "display": display(shown), "sub": "Ines Okafor, today 09:40",
    }  # fmt: skip
    return ctx.Option(**values | more)


def undo() -> ctx.UndoPage:
    fields = some_fields(full=True)
    tick = ctx.PlanField(
        id="t1", name="record", value="1", field=fields[0], ticked=False, stays="Stays as it is"
    )
    conflict = ctx.Conflict(
        label="Summary",
        options=(
            option(11, "Before #1180", "Night trains run again from Friday."),
            option(
                12,
                "Set by #1180",
                "",
                selectable=False,
                diff=diff_field(
                    "summary",
                    "Night trains run again from Friday.",
                    "Night trains run again.",
                    full=True,
                ),
            ),
            option(13, "Now", "Night trains run again, with room for bicycles.", checked=True),
            option(14, "Both", "Night trains run again from Friday, with room.", value="both"),
        ),
    )
    return ctx.UndoPage(
        layout=layout(
            "Undo #1180",
            subtitle=say("Each value goes back to what it was before #1180, unless someone changed "
                         "it after. Nothing has changed yet."),
        ),
        tallies=(
            ctx.Tally(count="1", words="conflict", sub="changed again since; your choice",
                      url="#conflicts", warn=True),
            ctx.Tally(count="43", words="clean", sub="go back as they were", url="#clean"),
            ctx.Tally(count="2", words="already undone", sub="nothing left to do", url="#done"),
        ),
        conflicts=(
            ctx.ConflictRecord(record=record("Night trains return", "Article 58"),
                               words=say("Ines Okafor changed both fields this morning."),
                               conflicts=(conflict, conflict_two(), conflict_long())),
        ),
        clean=(
            ctx.UndoRow(record=record(TITLE), fields="Section, Breaking", before=fields[4:6],
                        words="set 2 fields back", sub="Body is back already", tick=tick),
            ctx.UndoRow(record=record("Great news", "Comment 318"), fields="", before=(),
                        words="recreate it, same key", relations=(plan_relation(7, "Relink",
                                                                                "link"),)),
        ),
        clean_more="39 more: 37 articles set back, 1 comment recreated",
        done=(
            ctx.UndoRow(record=record(EMOJI, "Article 73"), fields="Section", before=(),
                        words="undone by Ines Okafor in #1183"),
        ),
        cannot=cannot(),
        commit=commit("Undo #1180", leave=go("Leave without undoing")),
    )  # fmt: skip


def conflict_long() -> ctx.Conflict:
    return ctx.Conflict(
        label="Body",
        options=(
            option(31, "Before #1180", BODY_OLD),
            option(32, "Now", "", diff=diff_field("body", BODY_OLD, BODY_NEW, full=True),
                   checked=True),
        ),
    )  # fmt: skip


def conflict_two() -> ctx.Conflict:
    return ctx.Conflict(
        label="Section",
        options=(
            option(21, "Before #1180", "City"),
            option(22, "Set by #1180", "Transport", selectable=False),
            option(23, "Now", "Coast and rail", checked=True),
        ),
    )


def fields() -> ctx.FieldsPage:
    return ctx.FieldsPage(
        layout=layout("Fields", subtitle=say("Article 42")),
        record=record(TITLE),
        caption="Every field now",
        rows=(
            row("title", display(TITLE), person=MAYA, moment=moment(), transaction=ref(1187),
                times="14 times"),
            row("status", display(Status.DRAFT), blame="long ago", times="1 time"),
            row("body", display(None), person=NOBODY, moment=moment(), times="never"),
        ),
        legend=True,
    )  # fmt: skip


def field_value(number: int, value: Display, **more: Any) -> ctx.FieldValueRow:
    values = {
        "anchor": f"v{number}",
        "value": value,
        "person": MAYA,
        "moment": moment(),
        "transaction": ref(number),
        "url": "#",
        "stood": "3 days",
    }
    return ctx.FieldValueRow(**values | more)


def field_values(**more: Any) -> ctx.FieldPage:
    pill = ctx.Pill(words="Revert", tone="back")
    values = {
        "layout": layout("Title", subtitle=say("Every value of this field in ", TITLE)),
        "record": record(TITLE),
        "label": "Title",
        "values": (
            field_value(1187, display(TITLE), current=True, pills=(pill,), reason=HOSTILE,
                        change=field("title", OLD_TITLE, TITLE)),
            field_value(1173, display(UNBROKEN), until=moment(22), person=WIRE),
            field_value(1101, display(NOT_RECORDED), moment=None, note=say("The first value")),
        ),
        "pager": ctx.Pager(newer=go("Newest values"), older=go("Older values")),
        "notices": (ctx.Notice(words=say("Some values are hidden by policy.")),),
        "legend": True,
    }  # fmt: skip
    return ctx.FieldPage(**values | more)


def field_empty() -> ctx.FieldPage:
    return field_values(values=(), empty=ctx.Empty(heading="No values", words="Nothing is known."))


def access_log(**more: Any) -> ctx.AccessLogPage:
    values = {
        "layout": layout("Access log"),
        "filters": ctx.FilterForm(
            action="",
            label="Filter",
            days=(ctx.DateInput(name="since", label="From", value="2026-11-23"),),
        ),
        "rows": tuple(
            ctx.AccessRow(
                person=person, user="User 5" if person.colour else "", moment=moment(),
                pills=(ctx.Pill(words="Denied", tone="warn"),) if person is NOBODY else (),
                about=() if person is NOBODY else say(ctx.Piece(text=HOSTILE, url="#")),
                address=ctx.Piece(text="/history/records/article/42", url="#", mono=True),
                remote_addr="2001:db8::1",
            )
            for person in PEOPLE
        ),
        "pager": ctx.Pager(words="Newest shown", older=go("Older")),
    }  # fmt: skip
    return ctx.AccessLogPage(**values | more)


def access_log_empty() -> ctx.AccessLogPage:
    empty = ctx.Empty(heading="Nobody has looked", words="Who looks at the history appears here.")
    return access_log(rows=(), empty=empty)


def plan_inputs() -> tuple[ctx.PlanInput, ...]:
    words = say("The history does not know it.")
    two = tuple(ctx.Choice(value=each, label=each) for each in ("yes", "no"))
    return (
        ctx.PlanInput(id="i1", name="v1", label="Address", kind="text", value="", words=words,
                      hint="At most 80 characters", error="It has to be filled in.",
                      required=True, longest=80),
        ctx.PlanInput(id="i2", name="v2", label="Price", kind="number", value="3", words=words,
                      step="0.01"),
        ctx.PlanInput(id="i3", name="v3", label="Printed", kind="choice", value="no", words=words,
                      choices=two),
        ctx.PlanInput(id="i4", name="v4", label="Body", kind="area", value=HOSTILE, words=words),
    )  # fmt: skip


def revert_asks() -> ctx.RevertPage:
    return revert(inputs=plan_inputs())


def error() -> ctx.ErrorPage:
    return ctx.ErrorPage(
        layout=layout("This page of the history does not exist", crumbs=()),
        status=404,
        words="There is no article 99, or its history was pruned.",
        hint="Set CONTINUUM_ADMIN_USER to a function that says who may see the history.",
        links=(go("All articles"), go("Overview")),
    )


PAGES: Mapping[str, tuple[str, Any]] = {
    "overview": ("overview", overview),
    "overview-found": ("overview", overview_found),
    "overview-empty": ("overview", overview_empty),
    "models": ("models", models),
    "activity": ("activity", activity),
    "activity-empty": ("activity", activity_empty),
    "people": ("people", people),
    "person": ("person", person),
    "model": ("model", model),
    "model-deleted": ("model", model_deleted),
    "model-then": ("model", model_then),
    "model-empty": ("model", model_empty),
    "timeline": ("timeline", timeline),
    "timeline-empty": ("timeline", timeline_empty),
    "timeline-single": ("timeline", timeline_single),
    "version": ("version", version),
    "fields": ("fields", fields),
    "field": ("field", field_values),
    "field-empty": ("field", field_empty),
    "access-log": ("access_log", access_log),
    "access-log-empty": ("access_log", access_log_empty),
    "compare": ("compare", compare),
    "compare-inline": ("compare", compare_inline),
    "revert": ("revert", revert),
    "revert-asks": ("revert", revert_asks),
    "revert-stale": ("revert", revert_stale),
    "revert-nothing": ("revert", revert_nothing),
    "transaction": ("transaction", transaction),
    "undo": ("undo", undo),
    "error": ("error", error),
}
"""What a page is called here, its template and the function that makes it."""
