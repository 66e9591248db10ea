"""What a word is, for the index and for whoever searches."""

from __future__ import annotations

import pytest

from daemon.store.words import words_of


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
