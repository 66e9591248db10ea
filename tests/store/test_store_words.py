"""What a word is, for the index and for whoever searches."""

from __future__ import annotations

import pytest

from daemon.store import Store
from daemon.store.word_index import words_of
from rules.facts import Search
from tests.store.desk import change, open_ticket


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Avería de la impresora n.º 12, planta 3ª",
            ["averia", "de", "la", "impresora", "n", "o", "12", "planta", "3a"],
        ),
        ("ana_maria@cliente.test\nfoo-bar", ["ana", "maria", "cliente", "test", "foo", "bar"]),
        ("Ελλάδα: οθόνη №5", ["ελλαδα", "οθονη", "no5"]),
        ("«¡sí!»\u00a0no\x85ya", ["si", "no", "ya"]),
        ("", []),
    ],
)
def test_words_are_folded_letters_and_digits(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_every_character_of_latin_1_parts_words_or_not_wherever_it_stands() -> None:
    """Beside Greek, too, which is split in another way."""
    for letter in map(chr, range(256)):
        assert words_of(f"a{letter}b") == words_of(f"a{letter}b λ")[:-1]


def test_a_text_of_a_hundred_thousand_words_is_found_by_its_first_ones_and_holds_up_no_other(store: Store) -> None:
    """PostgreSQL takes a MiB of them for one event, with what it notes of each."""
    found = []
    for uid, texts in enumerate((range(150_000), ("después",)), 1):
        found.append(open_ticket(store, uid))
        change(store, found[-1], "reply", solution=" ".join(f"línea{each}" for each in texts))
    for _ in ("not indexed yet", "indexed"):
        for word, number in (("línea0", found[0]), ("línea9999", found[0]), ("líneadespués", found[1])):
            assert [ticket.number for ticket in store.search(Search(text=word))] == [number]
        store.index_words()
    assert store.index_words() == 0
