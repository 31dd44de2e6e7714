"""What the language model reads of a text."""

import pytest

from services.enricher.language_text import normalised, plain, without_accents


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (" ÜBER 1 234\n٤٥ हिन्दी 中 😀", "über 0 0 0 हिन्दी 中 😀"),
        ("«Größe» (neu), 1.234,50 € – ja!", "größe neu 0 € ja"),
        ("市長は、「橋」を。新設", "市長は 橋 を 新設"),
        ("هل ذهب؟ نعم، ذهب.", "هل ذهب نعم ذهب"),
        ("पुल खुला। कल", "पुल खुला कल"),
        ("L’homme d`été", "l'homme d'été"),
        ("Ta7arrak 3ala 5 km COVID-19", "ta7arrak 3ala 0 km covid-0"),
        ("y = x.append(path)[0]", "y = x.append(path)[0]"),
        ("İSTANBUL'DA", "istanbul'da"),
        ("… – !", ""),
        ("", ""),
    ],
)
def test_text_is_normalised_as_the_model_learned_it(text: str, read: str) -> None:
    assert normalised(text) == read


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('<p class="lead">Die Brücke</p>&nbsp;&#8211; offen', "Die Brücke offen"),
        ("صورة: https://a.example/b?c=d&e=f www.a.example/x شكرا", "صورة: شكرا"),
        ("schreib an redaktion@bote.example oder @bote heute", "schreib an oder heute"),
        ("3 < 4 und 5 > 4, Q&A, and/or", "3 < 4 und 5 > 4, Q&A, and/or"),
    ],
)
def test_what_is_no_text_is_taken_out(text: str, words: str) -> None:
    assert plain(text).split() == words.split()


@pytest.mark.parametrize(
    ("text", "bare"), [("Crème brûlée", "Creme brulee"), ("Η ΓΈΦΥΡΑ", "Η ΓΕΦΥΡΑ"), ("हिन्दी 한국", "हिन्दी 한국")]
)
def test_accents_come_off_and_other_letters_stay(text: str, bare: str) -> None:
    assert without_accents(text) == bare
