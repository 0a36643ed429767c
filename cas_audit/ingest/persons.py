"""Names of persons in free text, by how they are written; no list of names is needed.

A name is a capitalised word behind a title, a role or initials, or two capitalised words in a row,
with or without what Dutch puts between them. Words that stand capitalised for another reason, as
at the start of a sentence, are known and passed over. A name in small letters is not found, nor a
surname that stands alone.
"""

import re
from collections.abc import Callable

__all__ = ["holds_name"]

TOKEN = re.compile(r"['\u2019][tT]\b|[^\W\d_]+(?:['\u2019-][^\W\d_]+)*\.?|[0-9]+|[^\s\w]")
INITIAL = re.compile(r"([^\W\d_]|Th|Ph|Ch|Chr|IJ)\.")
_BETWEEN = """
van de der den ter ten te het 't \u2019t in op el al ben bin la le di da von zu du dos abu
"""
_COURTESY = """
dhr mevr mw mr mrs ms dr drs ir ing prof heer meneer mevrouw mijnheer familie fam
"""
_ROLES = """
verdachte aangever aangeefster getuige slachtoffer melder meldster bewoner bewoonster eigenaar
buurman buurvrouw betrokkene bestuurder verbalisant genaamd heet
"""
_ENDINGS = """
straat laan weg plein gracht kade singel dreef pad steeg plantsoen brug station centrum wijk buurt
school college ziekenhuis tunnel markt park
"""
_ALONE = "dijk hof kerk haven bos veld poort"
# Words that begin a sentence or stand before a name.
OPENINGS = """
aan alle als achter bij buiten bovendien daar daarna daarbij dat deze dit die door dus een en er
geen gisteren had heeft hier hij hun ik is kort langs later maar met na naar naast nadat nog om
omdat omstreeks onbekend onbekende onder ook over rond sinds tegen tegenover terwijl tijdens toen
tot tussen twee drie vanaf vanuit via volgens voor vandaag vannacht was waren wat wel werd werden
wie wij zag zij ze zijn zo zonder uit u
"""
# What police writes of: persons by their part, things and doings.
THINGS = """
man vrouw jongen meisje persoon personen groep jongeren daders dader politie collega eenheid team
basisteam wijkteam wijkagent recherche meldkamer district officier justitie openbaar ministerie
gemeente rechtbank brandweer ambulance bureau aangifte melding proces verbaal auto fiets bromfiets
scooter snorfiets voertuig woning winkel schuur garage deur voordeur achterdeur raam ruit kleur
merk type model kenteken postbus tel nr no blz art pv oa nl
"""
# Days, months, directions.
TIMES = """
maandag dinsdag woensdag donderdag vrijdag zaterdag zondag januari februari maart april juni juli
augustus september oktober november december noord zuid oost west noorder zuider ooster wester
sint
"""
# The largest places, and peoples.
PLACES = """
amsterdam rotterdam haag utrecht eindhoven groningen tilburg almere breda nijmegen apeldoorn
arnhem haarlem enschede amersfoort zaandam hoofddorp zwolle leiden leeuwarden maastricht nederland
nederlands nederlandse belgisch belgische duits duitse frans franse pools poolse turks turkse
marokkaans marokkaanse surinaams surinaamse roemeens roemeense bulgaars bulgaarse engels engelse
"""
# Makes of what is stolen, and shops.
MAKES = """
volkswagen golf polo opel corsa astra ford focus fiesta renault clio megane peugeot citroen toyota
yaris audi bmw mercedes benz seat ibiza skoda octavia fiat kia hyundai volvo tesla mazda suzuki
honda nissan vespa piaggio kymco sym gazelle batavus sparta koga cortina giant trek stella vanmoof
swapfiets apple iphone ipad macbook samsung galaxy sony playstation nintendo jumbo lidl aldi hema
action kruidvat etos gamma praxis ikea primark bijenkorf shell esso bp ns gvb ret htm connexxion
arriva
"""
MOST_BETWEEN = 3
BETWEEN, COURTESY, ROLES, ENDINGS, ALONE = (
    set(words.split()) for words in (_BETWEEN, _COURTESY, _ROLES, _ENDINGS, _ALONE)
)
PASSED = set(f"{OPENINGS} {THINGS} {TIMES} {PLACES} {MAKES}".split())
PHRASES = re.compile(r"\b(Albert Heijn|Den Haag|Den Bosch|Media Markt|Louis Vuitton)\b")


def holds_name(value: str) -> bool:
    """Say whether a text seems to hold the name of a person.

    >>> [holds_name(one) for one in ("gezien door J. de Vries", "In Amsterdam op de Lange Dijk")]
    [True, False]
    """
    words = TOKEN.findall(PHRASES.sub("x", value))
    return any(_begins_name(words[at:]) for at in range(len(words)))


def _begins_name(words: list[str]) -> bool:
    """Say whether a name, or what announces one, stands at the front of some words."""
    first, rest = words[0], words[1:]
    if _plain(first) in COURTESY:
        return _is_surname(_behind_initials(rest), _is_capital)
    if _is_initial(first):
        return _is_surname(_behind_initials(words), _is_capital)
    if _plain(first) in ROLES:
        return _is_surname(rest, _is_likely)
    if not _is_likely(first) or first.endswith("."):
        return False
    if rest[:1] == [","]:  # the surname first, and initials or a given name behind it
        return len(rest) > 1 and (_is_initial(rest[1]) or _ends_so(rest[1:]))
    return _is_surname(rest, _is_likely)


def _ends_so(words: list[str]) -> bool:
    """Say whether a given name stands alone: in a list of places a next one would follow."""
    return _is_likely(words[0]) and (len(words) == 1 or words[1] in {".", ")"})


def _behind_initials(words: list[str]) -> list[str]:
    at = 0
    while at < len(words) and _is_initial(words[at]):
        at += 1
    return words[at:]


def _is_surname(words: list[str], fits: Callable[[str], bool]) -> bool:
    at = 0
    while at < min(len(words), MOST_BETWEEN) and words[at].casefold() in BETWEEN:
        at += 1
    if at == len(words) or not fits(words[at]):
        return False
    alone = at == 0 and fits is _is_likely and _plain(words[at]) in ALONE
    return not alone  # `Jan van Dijk`, but not `Lange Dijk`


def _is_initial(word: str) -> bool:
    known = _plain(word) in PASSED or _plain(word) in COURTESY
    return bool(INITIAL.fullmatch(word)) and word[0].isupper() and not known


def _is_capital(word: str) -> bool:
    return len(_plain(word)) > 1 and word[0].isupper() and _plain(word) not in BETWEEN


def _is_likely(word: str) -> bool:
    """Say whether a word is capitalised for no other reason that is known."""
    plain = _plain(word)
    known = any(plain in one for one in (PASSED, COURTESY, ROLES))
    return _is_capital(word) and not known and not plain.endswith(tuple(ENDINGS))


def _plain(word: str) -> str:
    return word.rstrip(".").casefold()
