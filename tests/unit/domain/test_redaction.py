"""A secret is found in whatever form it comes back, and nothing else is hidden."""

from __future__ import annotations

import base64
import html
import json
import re
from decimal import Decimal
from unittest.mock import patch
from urllib.parse import quote, quote_plus, urlencode
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderflow.domain import redaction
from orderflow.domain.redaction import HIDDEN, Redactor

SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp"]), min_size=9, max_size=40)
BESIDE = st.text("abc 0123/:=&", max_size=12)


@given(SECRETS, BESIDE, BESIDE)
def test_no_form_of_a_secret_gets_through(secret, before, after):
    redactor = Redactor([secret], ["shop-user"])
    encoded = base64.b64encode(f"{before}{secret}{after}".encode()).decode()
    forms = [
        secret,
        quote(secret, safe=""),
        quote(secret, safe="").lower(),
        quote_plus(secret),
        urlencode({"p": secret})[2:],
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret))[3:-3],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        secret[::-1],
        secret.encode().hex(),
        base64.b64encode(secret.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
        base64.b64encode(f"shop-user:{secret}".encode()).decode().rstrip("="),
    ]
    for form in forms:
        shown = redactor.text(f"before {form} after")
        assert form not in shown, form
        assert HIDDEN in shown
    assert HIDDEN in redactor.text(encoded)


@given(st.text("abcdefgh", min_size=4), st.recursive(st.text() | st.integers() | st.none(), st.lists))
def test_what_is_no_secret_stays_as_it_is(secret, value):
    redactor = Redactor([f"\U0001f511{secret}\U0001f511"])
    assert redactor.value(value) == value


def test_everything_is_looked_through():
    redactor = Redactor(["hunter2-hunter2", "12345678"])
    shown = redactor.value(
        {
            "hunter2-hunter2": ["x", ("HUNTER2-HUNTER2",), {"hunter2-hunter2 "}],
            "number": 12345678,
            "price": Decimal(12345678),
            "other": 123456789,
            "flag": True,
            "bytes": b"hunter2-hunter2",
            "error": ValueError("hunter2-hunter2"),
        }
    )
    assert "hunter2" not in repr(shown).lower()
    assert shown["number"] == shown["price"] == shown["error"] == HIDDEN
    assert (shown["other"], shown["flag"]) == (123456789, True)


def test_each_line_of_a_key_is_a_secret():
    key = f"-----BEGIN PRIVATE KEY-----\n{'A1b2' * 16}\n{'C3d4' * 10}\n-----END PRIVATE KEY-----\n"
    shown = Redactor([key]).text(f"cannot read {'C3d4' * 10} of -----BEGIN PRIVATE KEY-----")
    assert shown == f"cannot read {HIDDEN} of -----BEGIN PRIVATE KEY-----"


@pytest.mark.parametrize("secret", ["", "a", "abc"])
def test_what_would_be_found_by_chance_is_not_looked_for(secret):
    assert Redactor([secret]).text("abc abc") == "abc abc"


def test_a_short_secret_is_found_as_it_is_written_only():
    assert Redactor(["Open"]).text("Open, open") == f"{HIDDEN}, open"


def each(secret, write):
    return "".join(letter if letter.isascii() and letter.isalnum() else write(letter) for letter in secret)


OTHERS = {
    "JavaScript": lambda secret: quote(secret, safe="!'()*~"),
    "a URL in a URL in a URL": lambda secret: quote(quote(quote(secret, safe=""), safe=""), safe=""),
    "a URL in Latin 1": lambda secret: quote(secret, safe="", encoding="latin-1"),
    "XML": lambda secret: escape(secret, {'"': "&quot;", "'": "&apos;"}),
    "XML in XML": lambda secret: html.escape(html.escape(secret)),
    "numbers of XML": lambda secret: each(secret, lambda letter: f"&#{ord(letter)};"),
    "numbers of XML in hexadecimal": lambda secret: each(secret, lambda letter: f"&#x{ord(letter):02X};"),
    "ASP.NET": lambda secret: each(secret, lambda letter: f"\\u{ord(letter):04X}"),
    "JSON in JSON in JSON": lambda secret: json.dumps(json.dumps(json.dumps(secret))),
    "SQL": lambda secret: secret.replace("'", "''"),
    "a shell": lambda secret: secret.replace("'", "'\\''"),
    "bytes of Python": lambda secret: repr(secret.encode()),
    "what read it in another charset": lambda secret: secret.encode().decode("latin-1"),
    "PowerShell": lambda secret: base64.b64encode(secret.encode("utf-16-le")).decode(),
    "a trace": lambda secret: secret.encode().hex(":"),
    "a list of bytes": lambda secret: str([*secret.encode()]),
}


@pytest.mark.parametrize("writer", OTHERS)
@pytest.mark.parametrize("secret", ["p@ss! w'or(d)*~/ü&<1>\"x", "it's-50%", "simple-Secret_9", 'a"b\\c d+e=='])
def test_marks_are_escaped_by_each_in_its_way(writer, secret):
    shown = Redactor([secret]).text(OTHERS[writer](secret))
    assert HIDDEN in shown
    assert len(shown) <= len(HIDDEN) + 14, shown  # quotation marks around it, escaped too, or what pads base64


@pytest.mark.parametrize("secret", ["ey.J" * 30, "!" * 120, "'\" \\&%" * 15, "a" * 120])
def test_no_text_makes_it_slow(secret):
    redactor = Redactor([secret])
    for text in (secret[:-1] * 20, "\\" * 9_000, "&amp;" * 2_000, "%25" * 3_000, " " * 9_000, "'" * 9_000):
        redactor.text(text)  # where it goes back over what it tried, it does not end


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("kelvin-zero-1", "\u212aelvin-zero-1"),
        ("\u212aelvin-zero-1", "kelvin-zero-1"),
        ("pass-word-99", "PA\u017fS-WORD-99 pa\u017f\u017f-word-99"),
        ("P@ss w0rd!", "p%40SS+w0rd%21"),
        ("@@@@!!!!", "%40%40%40%40%21%21%21%21"),
    ],
)
def test_letters_that_stand_for_others_are_looked_for(secret: str, said: str) -> None:
    assert HIDDEN in Redactor([secret]).text(f"before {said} after")


def by_one_pattern(secrets: list[str]) -> re.Pattern[str]:
    """Return the simple pattern, which compares each form in full at each place of a text."""
    forms = {form for secret in secrets for form in redaction._forms(secret, [""]) if len(form) >= redaction.SHORTEST}
    sure = [
        f"(?i:{re.escape(form)})" if len(form) >= redaction._SURE else re.escape(form)
        for form in sorted(forms, key=lambda form: (-len(form), form))
    ]
    longest_first = sorted(set(secrets), key=lambda one: (-len(one), one))
    marked = [secret.strip() for secret in longest_first if redaction._has_marks(secret.strip())]
    return re.compile("|".join([*sure, *map(redaction._loosely, marked)]))


LIKE = str.maketrans({"k": "\u212a", "i": "\u0131", "s": "\u017f", "\u03c3": "\u03c2", "I": "\u0130"})
WRITE = [str, str.upper, str.lower, quote, lambda text: text[::-1], lambda text: text.translate(LIKE)]


@settings(max_examples=50, deadline=None)  # each makes a pattern of hundreds of forms
@given(st.data(), st.sampled_from([8, 9, 12, 64]))
def test_it_finds_what_one_pattern_of_all_forms_finds(data: st.DataObject, head: int) -> None:
    units = st.tuples(st.text("akIs\u03c3-", min_size=1, max_size=3), st.integers(1, 30))
    secret = st.lists(units, min_size=1, max_size=3).map(lambda parts: "".join(unit * count for unit, count in parts))
    secrets = data.draw(st.lists(secret.filter(lambda one: len(one) >= redaction.SHORTEST), min_size=1, max_size=3))
    cut = st.builds(
        lambda one, begin, end: one[begin % len(one) :][: end + 1], st.sampled_from(secrets), *[st.integers(0, 99)] * 2
    )
    whole = st.builds(lambda one, write: write(one), st.sampled_from(secrets), st.sampled_from(WRITE))
    text = "".join(data.draw(st.lists(cut | whole | st.text("ak-\xe9", max_size=3), max_size=9)))
    pattern = by_one_pattern(secrets)
    with patch.object(redaction, "_HEAD", head):
        redactor = Redactor(secrets)
        assert redactor._without_whole(text) == pattern.sub(HIDDEN, text)
        assert redactor._may_hold(text) or not pattern.search(text)
        for one in (text, data.draw(whole)):
            assert redactor._is_form(one) == bool(pattern.fullmatch(one))


LONG = 150_000


@pytest.mark.parametrize("secrets", [["a" * LONG], [f"{'a' * LONG}{number}" for number in range(6)]])
@pytest.mark.parametrize("beside", ["\xe9", "\U0001f511"])
def test_no_text_makes_a_long_secret_slow(secrets: list[str], beside: str) -> None:
    near = ("a" * (LONG - 1) + "b") * 2
    told = Redactor(secrets, most=LONG * 1_000).text(f"{beside} {near} {secrets[-1]} {near} {beside}")
    assert told == f"{beside} {near} {HIDDEN} {near} {beside}"


@given(st.text("ab-!", min_size=4, max_size=8), st.text("abAB-!%2d1", max_size=30))
def test_the_quick_look_misses_nothing(secret: str, text: str) -> None:
    redactor = Redactor([secret])
    told = redactor.text(f"{text} ")
    with patch.object(redactor, "_needles", None):
        assert redactor.text(f"{text} ") == told


MANY = [f"{number:04}Key{number * 7919:06}x" for number in range(50)]


@given(st.lists(st.sampled_from(MANY) | st.sampled_from(["0007", "key", "0007Key", "a", "\xe9 "]), max_size=9))
def test_the_quick_look_for_many_secrets_misses_none_wherever_it_stands(parts: list[str]) -> None:
    text = "".join(parts)
    redactor = Redactor(MANY)
    told = redactor.text(text)
    assert not any(secret in told for secret in MANY)
    with patch.object(redactor, "_needles", None):
        assert redactor.text(text) == told


@pytest.mark.timeout(60)  # seconds; where each form is held against each place of a text, it takes minutes
def test_a_secret_of_a_thousand_lines_is_looked_for_at_once() -> None:
    lines = [f"{number:04} {'line of it' * 2}" for number in range(1_100)]
    redactor = Redactor(["\n".join(lines)], most=10_000_000)
    said = "".join(f"{line} x" for line in lines[::50])
    told = redactor.text(f"{'0042 line of' * 80_000} {said}")
    assert told == f"{'0042 line of' * 80_000} {'******** x' * 22}"


@pytest.mark.timeout(60)  # seconds; as above
def test_texts_that_begin_as_forms_do_take_no_longer() -> None:
    lines = [f"{'abcd' * 20}{number:06}" for number in range(400)]
    redactor = Redactor(["\n".join(lines)], most=10_000_000)
    assert redactor.text("abcd" * 100_000 + lines[7]) == "abcd" * 100_000 + HIDDEN


@pytest.mark.timeout(60)  # seconds; as above
def test_many_secrets_with_marks_stop_no_other_thread() -> None:
    redactor = Redactor([f"p@ss-word-{number}" for number in range(20)])
    parts: list[int] = []
    with patch.object(redactor, "_loose", Counting(redactor._loose, parts)):
        assert redactor.text(f"{'p@ss-word!' * 20_000} p%40ss-word-7 ") == f"{'p@ss-word!' * 20_000} {HIDDEN} "
    assert len(parts) > 20
    assert max(parts) <= 2 * redaction._PART


class Counting:
    """A pattern that notes how much of a text it is held against."""

    def __init__(self, pattern: re.Pattern[str] | None, parts: list[int]) -> None:
        assert pattern
        self._pattern, self._parts = pattern, parts

    def search(self, text: str, at: int, end: int) -> re.Match[str] | None:
        self._parts.append(end - at)
        return self._pattern.search(text, at, end)


@pytest.mark.parametrize(
    "secrets", [["p4ss" * 100_000], [f"secret-{number}" for number in range(5_000)], ["x1" * 9 + "\n" * 199_999]]
)
def test_of_secrets_without_end_nothing_is_said(secrets: list[str]) -> None:
    redactor = Redactor(secrets)
    assert (redactor.size, redactor.hides_all) == (0, True)
    assert redactor.value({"said": ["ok", "", 7, None, True]}) == {HIDDEN: [HIDDEN, "", HIDDEN, None, True]}
    assert redactor.text("ok") == HIDDEN


def test_the_largest_keys_that_are_taken_are_looked_for() -> None:
    line = "".join(map(chr, range(65, 91)))
    key = "\n".join(f"{number:03}/{line}+{line}====" for number in range(322))
    assert 19_900 < len(key) <= 20_000
    redactor = Redactor([key, "pass-word 1"], ["user", "client", "login"])
    assert not redactor.hides_all
    assert redactor.text(f"x {key.splitlines()[2]} y") == f"x {HIDDEN} y"
    assert redactor.text(f"x {key} y") == f"x {HIDDEN} y"


def test_what_was_got_never_makes_all_unreadable_and_its_latest_is_looked_for() -> None:
    cookies = [f"cookie-{number}-{'x' * 20}" for number in range(1_000)]
    redactor = Redactor(["pass-word 1"], got=cookies)
    assert not redactor.hides_all
    assert redactor.text(f"77 {cookies[-1]} {cookies[-100]} pass-word 1") == f"77 {HIDDEN} {HIDDEN} {HIDDEN}"
