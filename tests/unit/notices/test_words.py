"""What users read: in their language, with links, and nothing that acts or belongs to a customer."""

import re
import string
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orderflow.domain.ids import new_id
from orderflow.flow.people.tell_people import Group, Look, Notice
from orderflow.notices import words
from orderflow.notices.mail import written
from orderflow.notices.words import _LINKS, ENGLISH, MOST_TOLD, body, link, of_language, subject, title
from orderflow.storage.views.needs import NeedKind

NOW = datetime(2026, 1, 5, tzinfo=UTC)
BASE = "https://orders.example/flow"
NEED_TEXT = Path(__file__).parents[3] / "frontend/src/needs/needText.ts"


def group(kind="FAILED", orders=3, code="UNKNOWN SKU&1", connection="Werk Köln", **more):
    return Group(f"{kind} x", kind, code, new_id(), connection, orders, NOW, **more)


def look(name="Acme"):
    return Look(NOW, new_id(), "acme", name, (), ())


def notice(*groups, digest=False, **more):
    return Notice(new_id(), digest, groups, **more)


def test_a_text_names_each_group_with_its_link_and_how_to_end_it():
    mine = group("DIFFERS", orders=1, code=None)
    text = body(look(), notice(group(), mine, mine=frozenset({mine.key})), "en", BASE)
    assert text.splitlines() == [
        "2 new things at Acme need somebody.",
        "",
        "- 3 orders failed (UNKNOWN SKU&1)",
        f"  {BASE}/orders?status=ERROR&error_code=UNKNOWN%20SKU%261",
        "- 1 order was confirmed otherwise than ordered: given to you",
        f"  {BASE}/orders?differs=true",
        "",
        f"All that needs somebody: {BASE}/",
        f"You chose to be told of this. Change or end it: {BASE}/settings?tab=account",
    ]


def test_it_is_told_in_the_language_that_was_chosen():
    assert subject(look(), notice(group(), digest=True), "de") == "1 Sache bei Acme braucht jemanden"
    assert title(group(orders=10_000), "de") == "10000+ Aufträge sind gescheitert (UNKNOWN SKU&1)"
    assert (
        title(group("OVERDUE", connection=None, orders=1), "en") == "a connector that is gone owes an answer to 1 order"
    )
    assert subject(look(), notice(group(), mine=frozenset({group().key})), "en") == "1 thing at Acme was given to you"
    assert subject(look(), notice(test=True), "xx") == "A try: notices of Acme arrive here"


def test_every_language_says_all_of_it_with_the_same_facts():
    german = of_language("de")
    assert german.keys() == ENGLISH.keys()
    for key, forms in ENGLISH.items():
        assert len(german[key]) == len(forms), key
        assert facts(german[key]) == facts(forms), key


def test_another_language_is_a_file_alone_and_what_it_does_not_say_is_english(tmp_path, monkeypatch):
    monkeypatch.setattr(words, "files", lambda _: tmp_path)
    (tmp_path / "tlh.json").write_text('{"notices": {"MINE": ["SoH"]}}', "utf-8")
    (tmp_path / "sjn.json").write_text("{}", "utf-8")
    assert of_language("tlh") == ENGLISH | {"MINE": ["SoH"]}
    assert of_language("sjn") == ENGLISH


def facts(forms):
    return {name for form in forms for _, name, _, _ in string.Formatter().parse(form) if name}


@pytest.mark.parametrize("kind", NeedKind)
def test_every_kind_has_its_words_and_leads_where_the_page_leads(kind):
    assert title(group(kind), "de")
    path = _LINKS[kind].replace("?view=doubt", "?view=doubt${at}").replace("?view=overdue", "?view=overdue${at}")
    found = re.search(rf"{kind}: [`\"](/[^`\"]*)", NEED_TEXT.read_text("utf-8").partition("const links")[2])
    assert found is not None
    assert found[1].removesuffix("${at}").startswith(_LINKS[kind]), path
    at = "connection_id=" in link(group(kind), BASE)
    assert at is found[1].endswith("${at}")


def test_a_kind_of_a_later_release_is_told_all_the_same():
    assert title(group("STRANGE", code=None), "en") == "Something needs somebody (STRANGE)"
    assert link(group("STRANGE"), BASE) == f"{BASE}/"


def test_a_text_has_an_end():
    text = body(look(), notice(*(group() for _ in range(MOST_TOLD + 7))), "en", BASE)
    assert text.count("/orders?status=ERROR") == MOST_TOLD
    assert "- and 7 more" in text


def test_nothing_that_others_wrote_becomes_a_header_or_a_template():
    evil = "x\r\nBcc: all@example.com\r\n\r\n{count.__class__}\u202e"
    text = body(look(evil), notice(group("CONNECTOR", connection=evil)), "en", BASE)
    message = written(new_id(), subject(look(evil), notice(group()), "en"), text)
    assert "Bcc" not in message
    assert "\u202e" not in message.get_content()
    assert "{count.__class__}" in message.get_content()
