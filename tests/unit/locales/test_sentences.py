"""A sentence of ours is found by what it is in English; what others said stays as they said it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orderflow.locales import sentences
from orderflow.locales.sentences import LONGEST, MOST_LOOKS, Sentences

GERMAN = Sentences(
    {
        "The API": "Die API",
        "It gave no reason.": "Ein Grund wurde nicht genannt.",
        "Look there.": "Dort nachsehen.",
        "gave no answer in time ({0} seconds)": "hat nicht rechtzeitig geantwortet ({0} Sekunden)",
        "{0} {1}; whether it took the order is unknown.": "{0?} {1!}; ob er angenommen wurde, ist unbekannt.",
        "{0} has no room left for {1}.": "{0} hat keinen Platz mehr für {1}.",
        "{0} has no room left for {1} ({2}).": "{0} hat keinen Platz mehr für {1} ({2}).",
        "{0} failed (status {1}): {2}": "{0?} ist gescheitert (Status {1}): {2?}",
        "{0} order(s) wait.": "{0} Aufträge warten.",
        "must hold {export}": "muss {export} enthalten",
        "It is unknown whether it arrived on {0}{1}.": "Es ist nicht bekannt, ob es auf {0} ankam{1?}.",
        ": a file is there": ": eine Datei ist da",
        "{0} has {1}.": "{0} hat {1!}.",
        "no {0}": "kein {0!}",
        "customer called {0}": "Kunde namens {0}",
    }
)


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("Look there.", "Dort nachsehen."),
        ("erp:22 has no room left for /out/a b.csv.", "erp:22 hat keinen Platz mehr für /out/a b.csv."),
        ("erp:22 has no room left for x (552 full).", "erp:22 hat keinen Platz mehr für x (552 full)."),
        (
            "The API failed (status 500): It gave no reason.",
            "Die API ist gescheitert (Status 500): Ein Grund wurde nicht genannt.",
        ),
        ("The API failed (status 500): ORA-1", "Die API ist gescheitert (Status 500): ORA-1"),
        (
            "Odoo failed (status 500): a has no room left for b.",
            "Odoo ist gescheitert (Status 500): a hat keinen Platz mehr für b.",
        ),
        (
            "The API gave no answer in time (5 seconds); whether it took the order is unknown.",
            "Die API hat nicht rechtzeitig geantwortet (5 Sekunden); ob er angenommen wurde, ist unbekannt.",
        ),
        (
            "3 order(s) wait. Look there. It gave no reason.",
            "3 Aufträge warten. Dort nachsehen. Ein Grund wurde nicht genannt.",
        ),
        ("must hold {export}", "muss {export} enthalten"),
        ("It is unknown whether it arrived on a:22.", "Es ist nicht bekannt, ob es auf a:22 ankam."),
        (
            "It is unknown whether it arrived on a:22: a file is there.",
            "Es ist nicht bekannt, ob es auf a:22 ankam: eine Datei ist da.",
        ),
        (
            "Odoo has no customer called 'x'; no customer called 'y'.",
            "Odoo hat kein Kunde namens 'x'; kein Kunde namens 'y'.",
        ),
    ],
)
def test_a_sentence_is_told_with_what_stands_in_its_places(english: str, german: str) -> None:
    assert GERMAN.told(english) == german


@pytest.mark.parametrize(
    "anothers",
    [
        "",
        "Acme is on fire.",
        "Look there. Acme is on fire.",
        "Acme went away; whether it took the order is unknown.",
        "The API failed",
        "Odoo has no idea.",
        "look there.",
        "x" * LONGEST + " has no room left for y.",
    ],
)
def test_what_is_none_of_ours_is_not_told(anothers: str) -> None:
    assert GERMAN.told(anothers) is None


def test_words_of_others_in_a_place_are_kept_though_we_could_tell_them() -> None:
    assert GERMAN.told("Look there. has no room left for The API.") == "Look there. hat keinen Platz mehr für The API."


def test_a_text_made_to_match_again_and_again_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []
    fillings = sentences._Sentence.fillings

    def counting(sentence: sentences._Sentence, text: str) -> Iterator[list[str]]:
        looked_at.append(text)
        yield from fillings(sentence, text)

    monkeypatch.setattr(sentences._Sentence, "fillings", counting)
    text = "The API failed (status 1): " * (LONGEST // 28) + "; whether it took the order is unknown."
    assert len(text) <= LONGEST
    GERMAN.told(text)
    assert len(looked_at) < MOST_LOOKS * 10
