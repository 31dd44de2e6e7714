"""Arabic, Persian, Russian, Hindi and Greek in Latin letters, as people type them: by tables of ours, with variants.

The tables give, for each letter, its spellings; one spelling of each is drawn for a whole line, since a writer keeps to a habit.
Vowels that Arabic and Persian don't write are guessed at random: what is learned is the look of the words, not the words.
"""

import random
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from services.enricher.language_text import without_accents


def _table(rows: str) -> Mapping[str, tuple[str, ...]]:
    pairs = (row.split("=") for row in rows.split())
    return MappingProxyType({letter: tuple("" if each == "_" else each for each in latin.split(",")) for letter, latin in pairs})


_ARABIC = _table(
    "ا=a,a,aa أ=a,2a,2 إ=i,e,2i آ=aa,2a,a ى=a ء=2,' ئ=2,e2,' ؤ=2,o2,' ب=b ت=t ث=th,t,s ج=j,g ح=7,h خ=kh,5,7' د=d ذ=th,dh,z "
    "ر=r ز=z س=s ش=sh,ch ص=s,9 ض=d,9' ط=t,6 ظ=th,z,6' ع=3,a,' غ=gh,3',8 ف=f ق=q,k,2,8 ك=k ل=l م=m ن=n ه=h و=w ي=y ة=a,ah,eh,e "
    "پ=p چ=ch گ=g ڤ=v"
)
_PERSIAN = _table(
    "ا=a,aa آ=a,aa أ=a ء=_,' ئ=y,e ؤ=o ب=b پ=p ت=t ث=s ج=j چ=ch ح=h خ=kh,x د=d ذ=z ر=r ز=z ژ=zh,j س=s ش=sh ص=s ض=z ط=t ظ=z "
    "ع=_,',a غ=gh,q ف=f ق=gh,q ک=k ك=k گ=g ل=l م=m ن=n و=v,o,u ه=h ی=i,y ي=i ى=i ة=e"
)
_RUSSIAN = _table(
    "а=a б=b в=v,v,w г=g д=d е=e,e,ye ё=yo,e,jo ж=zh,j з=z и=i й=y,j,i к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh,h,x "
    "ц=ts,c ч=ch ш=sh щ=shch,sch,sh ъ=_ ы=y,i ь=_,' э=e ю=yu,ju,u я=ya,ja"
)
_GREEK = _table(
    "α=a β=v,b γ=g δ=d ε=e ζ=z η=i,h θ=th,8 ι=i κ=k λ=l μ=m ν=n ξ=x,ks ο=o π=p ρ=r σ=s ς=s τ=t υ=i,y,u φ=f,ph χ=x,ch,h ψ=ps ω=o,w"
)
_HINDI = _table(
    "अ=a आ=aa,a इ=i ई=ee,i उ=u ऊ=oo,u ऋ=ri ए=e ऐ=ai ओ=o औ=au ऑ=o ा=aa,a ि=i ी=ee,i ु=u ू=oo,u ृ=ri े=e ै=ai,ai,e ो=o ौ=au ॉ=o "
    "ं=n,n,m ँ=n ः=h क=k ख=kh ग=g घ=gh ङ=n च=ch छ=chh,ch ज=j झ=jh ञ=n ट=t ठ=th ड=d ढ=dh ण=n त=t थ=th द=d ध=dh न=n प=p फ=ph,f "
    "ब=b भ=bh म=m य=y र=r ल=l व=v,w श=sh ष=sh स=s ह=h ़=_ ऽ=_ ्=_ ।=."
)
_SERBIAN = str.maketrans(
    dict(
        zip(
            "абвгдђежзијклљмнњопрстћуфхцчџш",
            [
                "a",
                "b",
                "v",
                "g",
                "d",
                "đ",
                "e",
                "ž",
                "z",
                "i",
                "j",
                "k",
                "l",
                "lj",
                "m",
                "n",
                "nj",
                "o",
                "p",
                "r",
                "s",
                "t",
                "ć",
                "u",
                "f",
                "h",
                "c",
                "č",
                "dž",
                "š",
            ],
            strict=True,
        )
    )
)
_HINDI_CONSONANT = re.compile("[क-ह]़?$")
_HINDI_SIGNS = frozenset("ािीुूृेैोौॉ्ंँः़")
_GREEK_PAIRS = ("ου=ou", "ευ=ef", "αυ=af", "αι=ai", "ει=ei", "μπ=mp", "ντ=nt", "γκ=gk")
_SHORT_VOWELS = re.compile(r"(?<=[bcdfghjklmnqrstvwxz3756])(?=[bcdfghjklmnqrstvwxz3756])")
_AL = re.compile(r"\bal(?=\w{3})")
_HARAKAT = re.compile("[\u064b-\u0652\u0670\u0640\u200c]")


def arabic(rng: random.Random, text: str) -> str:
    """Arabic in Latin letters, in about half of the lines with the digits of chat."""
    latin = _spelled(rng, _HARAKAT.sub("", text), _ARABIC)
    latin = _AL.sub(rng.choice(("al ", "al-", "al", "el ", "el-", "il", "2al ")), latin)
    return _voiced(rng, latin, "aaaiiue")


def persian(rng: random.Random, text: str) -> str:
    """Persian in Latin letters."""
    return _voiced(rng, _spelled(rng, _HARAKAT.sub("", text), _PERSIAN), "aaeeeo")


def russian(rng: random.Random, text: str) -> str:
    """Russian in Latin letters."""
    return _spelled(rng, text.lower(), _RUSSIAN)


def greek(rng: random.Random, text: str) -> str:
    """Greek in Latin letters ("Greeklish"); the text without accents."""
    text = without_accents(text.lower())
    for pair in _GREEK_PAIRS:
        letters, latin = pair.split("=")
        text = text.replace(letters, latin) if rng.random() < 0.7 else text
    return _spelled(rng, text, _GREEK)


def hindi(rng: random.Random, text: str) -> str:
    """Hindi in Latin letters: a consonant without a sign has an "a", but not at the end of a word."""
    spelled = _habit(rng, _HINDI)
    out = []
    for place, letter in enumerate(text):
        following = text[place + 1 : place + 2]
        is_silent = following in _HINDI_SIGNS or not following or following in " ।,.-"
        out.append(spelled.get(letter, letter) + ("a" if _HINDI_CONSONANT.match(letter) and not is_silent else ""))
    return "".join(out)


def serbian(text: str) -> str:
    """Serbian in its own Latin alphabet, letter by letter; exact."""
    return text.translate(_SERBIAN) if text.islower() else "".join(map(_serbian, text))


def _serbian(letter: str) -> str:
    latin = letter.lower().translate(_SERBIAN)
    return latin.capitalize() if letter.isupper() else latin


def _habit(rng: random.Random, table: Mapping[str, tuple[str, ...]]) -> Mapping[str, str]:
    return {letter: rng.choice(spellings) for letter, spellings in table.items()}


def _spelled(rng: random.Random, text: str, table: Mapping[str, tuple[str, ...]]) -> str:
    spellings: dict[str, str | int | None] = {**_habit(rng, table)}
    return text.translate(str.maketrans(spellings))


def _voiced(rng: random.Random, text: str, vowels: str) -> str:
    share = rng.choice((0.0, 0.6, 0.8, 0.9))
    return _SHORT_VOWELS.sub(lambda _: rng.choice(vowels) if rng.random() < share else "", text)


ROMANISED: Mapping[str, Callable[[random.Random, str], str]] = MappingProxyType(
    {"ar": arabic, "fa": persian, "ru": russian, "el": greek, "hi": hindi}
)
