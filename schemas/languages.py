"""The one table of languages: BCP 47 tag, ISO 639-3, default ISO 15924 script, English name; and how tags are written.

Rules (docs/architecture.md): a script is written only where it isn't the language's default, except for Chinese, which always
says zh-Hans or zh-Hant; the individual language where a model tells it, else the macrolanguage; Arabic dialects are "ar",
Dari is "fa", Norwegian Bokmål is "no".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

UNDETERMINED = "und"
UNDETERMINED_ISO639_3 = "und"
NO_SCRIPT = "Zyyy"

# Tag, ISO 639-3, default script, name.
_TABLE = """
ace ace  Latn  Acehnese
af  afr  Latn  Afrikaans
ak  aka  Latn  Akan
am  amh  Ethi  Amharic
ar  ara  Arab  Arabic
as  asm  Beng  Assamese
ast ast  Latn  Asturian
awa awa  Deva  Awadhi
ay  aym  Latn  Aymara
az  aze  Latn  Azerbaijani
azb azb  Arab  South Azerbaijani
ba  bak  Cyrl  Bashkir
ban ban  Latn  Balinese
be  bel  Cyrl  Belarusian
bem bem  Latn  Bemba
bg  bul  Cyrl  Bulgarian
bho bho  Deva  Bhojpuri
bjn bjn  Latn  Banjar
bm  bam  Latn  Bambara
bn  ben  Beng  Bengali
bo  bod  Tibt  Tibetan
bs  bos  Latn  Bosnian
bug bug  Latn  Buginese
ca  cat  Latn  Catalan
ceb ceb  Latn  Cebuano
cjk cjk  Latn  Chokwe
ckb ckb  Arab  Central Kurdish
crh crh  Latn  Crimean Tatar
cs  ces  Latn  Czech
cy  cym  Latn  Welsh
da  dan  Latn  Danish
de  deu  Latn  German
din din  Latn  Dinka
dv  div  Thaa  Divehi
dyu dyu  Latn  Dyula
dz  dzo  Tibt  Dzongkha
ee  ewe  Latn  Ewe
el  ell  Grek  Greek
en  eng  Latn  English
eo  epo  Latn  Esperanto
es  spa  Latn  Spanish
et  est  Latn  Estonian
eu  eus  Latn  Basque
fa  fas  Arab  Persian
ff  ful  Latn  Fula
fi  fin  Latn  Finnish
fj  fij  Latn  Fijian
fo  fao  Latn  Faroese
fon fon  Latn  Fon
fr  fra  Latn  French
fur fur  Latn  Friulian
ga  gle  Latn  Irish
gd  gla  Latn  Scottish Gaelic
gl  glg  Latn  Galician
gn  grn  Latn  Guarani
gu  guj  Gujr  Gujarati
ha  hau  Latn  Hausa
he  heb  Hebr  Hebrew
hi  hin  Deva  Hindi
hmn hmn  Latn  Hmong
hne hne  Deva  Chhattisgarhi
hr  hrv  Latn  Croatian
ht  hat  Latn  Haitian Creole
hu  hun  Latn  Hungarian
hy  hye  Armn  Armenian
id  ind  Latn  Indonesian
ig  ibo  Latn  Igbo
ilo ilo  Latn  Iloko
is  isl  Latn  Icelandic
it  ita  Latn  Italian
ja  jpn  Jpan  Japanese
jv  jav  Latn  Javanese
ka  kat  Geor  Georgian
kab kab  Latn  Kabyle
kac kac  Latn  Kachin
kam kam  Latn  Kamba
kbp kbp  Latn  Kabiye
kea kea  Latn  Kabuverdianu
kg  kon  Latn  Kongo
ki  kik  Latn  Kikuyu
kk  kaz  Cyrl  Kazakh
km  khm  Khmr  Khmer
kmb kmb  Latn  Kimbundu
kn  kan  Knda  Kannada
knc knc  Latn  Central Kanuri
ko  kor  Kore  Korean
ks  kas  Arab  Kashmiri
ku  kur  Latn  Kurdish
ky  kir  Cyrl  Kyrgyz
lb  ltz  Latn  Luxembourgish
lg  lug  Latn  Luganda
li  lim  Latn  Limburgish
lij lij  Latn  Ligurian
lmo lmo  Latn  Lombard
ln  lin  Latn  Lingala
lo  lao  Laoo  Lao
lt  lit  Latn  Lithuanian
ltg ltg  Latn  Latgalian
lua lua  Latn  Luba-Lulua
luo luo  Latn  Luo
lus lus  Latn  Mizo
lv  lav  Latn  Latvian
mag mag  Deva  Magahi
mai mai  Deva  Maithili
mg  mlg  Latn  Malagasy
mi  mri  Latn  Maori
min min  Latn  Minangkabau
mk  mkd  Cyrl  Macedonian
ml  mal  Mlym  Malayalam
mn  mon  Cyrl  Mongolian
mni mni  Beng  Manipuri
mos mos  Latn  Mossi
mr  mar  Deva  Marathi
ms  msa  Latn  Malay
mt  mlt  Latn  Maltese
my  mya  Mymr  Burmese
nd  nde  Latn  North Ndebele
ne  nep  Deva  Nepali
nl  nld  Latn  Dutch
nn  nno  Latn  Norwegian Nynorsk
no  nor  Latn  Norwegian
nqo nqo  Nkoo  N'Ko
nso nso  Latn  Northern Sotho
nus nus  Latn  Nuer
ny  nya  Latn  Chichewa
oc  oci  Latn  Occitan
om  orm  Latn  Oromo
or  ori  Orya  Odia
pa  pan  Guru  Punjabi
pag pag  Latn  Pangasinan
pap pap  Latn  Papiamento
pl  pol  Latn  Polish
ps  pus  Arab  Pashto
pt  por  Latn  Portuguese
qu  que  Latn  Quechua
rn  run  Latn  Rundi
ro  ron  Latn  Romanian
ru  rus  Cyrl  Russian
rw  kin  Latn  Kinyarwanda
sa  san  Deva  Sanskrit
sat sat  Olck  Santali
sc  srd  Latn  Sardinian
scn scn  Latn  Sicilian
sd  snd  Arab  Sindhi
sg  sag  Latn  Sango
shi shi  Tfng  Tachelhit
shn shn  Mymr  Shan
si  sin  Sinh  Sinhala
sk  slk  Latn  Slovak
sl  slv  Latn  Slovenian
sm  smo  Latn  Samoan
sn  sna  Latn  Shona
so  som  Latn  Somali
sq  sqi  Latn  Albanian
sr  srp  Cyrl  Serbian
ss  ssw  Latn  Swati
st  sot  Latn  Southern Sotho
su  sun  Latn  Sundanese
sv  swe  Latn  Swedish
sw  swa  Latn  Swahili
szl szl  Latn  Silesian
ta  tam  Taml  Tamil
taq taq  Latn  Tamasheq
te  tel  Telu  Telugu
tg  tgk  Cyrl  Tajik
th  tha  Thai  Thai
ti  tir  Ethi  Tigrinya
tk  tuk  Latn  Turkmen
tl  tgl  Latn  Tagalog
tn  tsn  Latn  Tswana
to  ton  Latn  Tongan
tpi tpi  Latn  Tok Pisin
tr  tur  Latn  Turkish
ts  tso  Latn  Tsonga
tt  tat  Cyrl  Tatar
tum tum  Latn  Tumbuka
tw  twi  Latn  Twi
ty  tah  Latn  Tahitian
tzm tzm  Tfng  Central Atlas Tamazight
ug  uig  Arab  Uyghur
uk  ukr  Cyrl  Ukrainian
umb umb  Latn  Umbundu
ur  urd  Arab  Urdu
uz  uzb  Latn  Uzbek
ve  ven  Latn  Venda
vec vec  Latn  Venetian
vi  vie  Latn  Vietnamese
war war  Latn  Waray
wo  wol  Latn  Wolof
xh  xho  Latn  Xhosa
yi  yid  Hebr  Yiddish
yo  yor  Latn  Yoruba
yue yue  Hant  Cantonese
zh  zho  Hans  Chinese
zu  zul  Latn  Zulu
"""

# Individual languages, old codes and other names of a language of the table, by that language.
_MERGED_BY_LANGUAGE = """
ar  acm acq aeb ajp apc ar-Latn ars ary arz mey abv acw acx adf afb apd arb arq ayl ayn ayp pga shu
ay  ayr
az  azj
din dik
et  ekk
fa  pes prs
ff  fuv
gn  gug
he  iw
id  in
jv  jw
kg  ktu
ku  kmr
lv  lvs
mg  plt
mn  khk
ms  zsm
ne  npi
no  nb nob
om  gaz
or  ory
ps  pbt pbu pst
qu  quy quz
ro  mo mol
sq  als
sw  swc swh
tl  fil
uz  uzn
yi  ji ydd
zh  cmn
"""

_MERGED: Mapping[str, str] = MappingProxyType(
    {code: language for language, *codes in map(str.split, _MERGED_BY_LANGUAGE.strip().splitlines()) for code in codes}
)

_ALWAYS_WITH_SCRIPT = frozenset({"zh"})


@dataclass(frozen=True, slots=True)
class LanguageCode:
    """A language as the standards write it."""

    tag: str
    iso639_3: str
    script: str
    name: str


def _read_table() -> dict[str, LanguageCode]:
    rows = (line.split(maxsplit=3) for line in _TABLE.strip().splitlines())
    return {tag: LanguageCode(tag, iso639_3, script, name) for tag, iso639_3, script, name in rows}


LANGUAGES: Mapping[str, LanguageCode] = MappingProxyType(_read_table())


_BY_ISO639_3: Mapping[str, str] = MappingProxyType({known.iso639_3: tag for tag, known in LANGUAGES.items()})

_CODE = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{1,8})*", re.IGNORECASE)


def language_of(code: str) -> str | None:
    """The base tag that a code of any of these standards means; None when it is no code at all.

    BCP 47 ("zh-Hant"), ISO 639-1 or 639-3 ("ara"), FLORES ("arb_Arab"). A language that the table doesn't know is its
    own first part ("pcm").
    """
    found = _CODE.fullmatch(code)
    if not found:
        return None
    language = base_language(found[1].lower())
    return _BY_ISO639_3.get(language, language)


def base_language(tag: str) -> str:
    """The language of the table that a tag or a model's label belongs to: "zh" of "zh-Hant", "ar" of "arz"."""
    return _MERGED.get(tag) or _MERGED.get(tag.split("-")[0]) or tag.split("-")[0]


def language_tag(language: str, script: str) -> str:
    """The canonical BCP 47 tag of a language of the table in a script (ISO 15924)."""
    if language == UNDETERMINED or script == NO_SCRIPT:
        return language
    known = LANGUAGES.get(language)
    if language in _ALWAYS_WITH_SCRIPT:
        return f"{language}-{script if script in ('Hans', 'Hant') else known.script if known else script}"
    return language if known is None or script == known.script else f"{language}-{script}"


def iso639_3(tag: str) -> str:
    """ISO 639-3 of a tag, "und" when the table doesn't know it."""
    known = LANGUAGES.get(base_language(tag))
    return known.iso639_3 if known else UNDETERMINED_ISO639_3


def language_name(tag: str) -> str:
    """The English name of a tag's language; the tag itself when the table doesn't know it."""
    known = LANGUAGES.get(base_language(tag))
    return known.name if known else tag
