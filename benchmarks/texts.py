"""Ordinary free text of the kind police write, and made-up names of persons in it.

Given and family names are common ones put together by chance; none is of a person. The sentences
without a name hold what is capitalised for another reason: streets, months, makes, institutions.
They were written without the lists that the scan passes over at hand, so some are not on them.
"""

import numpy as np

Rng = np.random.Generator
GIVEN_WORDS = """
Jan Piet Kees Johan Willem Daan Sem Lucas Finn Noah Emma Sophie Julia Anna Maria Johanna Sanne
Fleur Lotte Anouk Mohammed Youssef Ahmed Fatima Samira Naima Mehmet Emre Elif Zeynep Ayşe Çağla
Chantal Priscilla Romano Ravi Anjali Wei Linh Piotr Agnieszka Łukasz Ioana Björn Zoë Renée
Jean-Pierre Anne-Marie Ibrahim Abdullah Khadija Gianluca Mark Rob Hans Ria Truus
"""
FAMILY_WORDS = """
Jong Jansen Vries Berg Bakker Visser Smit Meijer Boer Mulder Groot Bos Vos Peters Hendriks Leeuwen
Dekker Brouwer Wit Dijkstra Smits Graaf Meer Linden Kok Jacobs Haan Vermeulen Heuvel Veen Broek
Bruijn Heijden Schouten Beek Willems Vliet Ven Hoekstra Maas Verhoeven Koster Dam Wal Prins Blom
Huisman Kuipers Verlaan Dijk Yilmaz Kaya Demir Özdemir Bouazza Amrani Idrissi Aydin Nguyen Singh
Ramdin Kowalski Nowak Popescu Müller García Jansen-Bakker O'Brien Tjon Wijngaarden Klein Bosveld
Verkerk
"""
GIVEN, FAMILY = GIVEN_WORDS.split(), FAMILY_WORDS.split()
BETWEEN = (
    "",
    "",
    "",
    "",
    "van ",
    "de ",
    "van de ",
    "van der ",
    "van den ",
    "ter ",
    "in 't ",
    "el ",
)
TITLES = ("dhr. ", "Dhr. ", "mevr. ", "mw. ", "de heer ", "mevrouw ", "Mw. ", "dr. ", "drs. ")
ROLES = ("verdachte ", "aangever ", "getuige ", "Slachtoffer ", "melder ")
AROUND = (
    "{}", "Gezien door {}.", "Aangifte gedaan door {} op 12 maart.", "zie verklaring {}",
    "melder: {}", "{} heeft de auto zien wegrijden.", "Fiets staat op naam van {}.",
    "Op de Dorpsstraat aangesproken, gaf op te zijn {}", "Woning van {}, niemand thuis",
    "Volgens {} stond de deur open.",
)  # fmt: skip
STREETS = (
    "Dorpsstraat", "Kerkstraat", "Jan van Galenstraat", "Prins Hendrikkade", "Lange Voorhout",
    "Oude Gracht", "Nieuwe Binnenweg", "Grote Markt", "Burgemeester de Vlugtlaan", "Dam",
    "Kalverstraat", "Erasmusbrug", "Vondelpark", "Plein 1944", "Hoog Catharijne", "Binnenhof",
    "Van Baerlestraat", "De Lairessestraat", "Lange Dijk", "Admiraal de Ruijterweg", "Zuidas",
)  # fmt: skip
PLACES = (
    "Amsterdam", "Den Haag", "Amsterdam Zuidoost", "Rotterdam Centrum", "Alphen aan den Rijn",
    "Bergen op Zoom", "Utrecht Overvecht", "Sittard", "Den Helder", "Capelle aan den IJssel",
)  # fmt: skip
INSTITUTIONS = (
    "Albert Heijn", "Jumbo", "Openbaar Ministerie", "Rode Kruis", "Station Sloterdijk", "Schiphol",
    "Erasmus MC", "Rabobank", "Holland Casino", "Veilig Thuis", "Leger des Heils", "Blokker",
    "Hogeschool Utrecht", "Politie Eenheid Amsterdam", "Bureau Jeugdzorg", "Gemeente Zwolle",
)  # fmt: skip
MAKES = (
    "Volkswagen Golf", "Opel Corsa", "Gazelle Orange", "Batavus Dinsdag", "Apple iPhone",
    "Samsung Galaxy", "Peugeot 208", "Canta", "Louis Vuitton", "Piaggio Zip", "Ford Ka",
    "Mercedes Sprinter", "Cortina U4", "Nike", "Canada Goose", "VanMoof S3",
)  # fmt: skip
TIMES = ("maandag 3 maart", "Zaterdag", "12 December", "de nacht van Zondag", "Koningsdag", "Pasen")
ORDINARY = (
    "Fiets weggenomen bij {institution}, slot doorgeknipt.",
    "Op {time} is een {make} gestolen vanaf de {street}.",
    "Inbraak via achterdeur. Schade aan slot. Buit: {make}.",
    "{make}, kleur grijs, stond op de {street} in {place}.",
    "Onbekende man rende richting {street}.",
    "Melding van overlast. Jongeren bij {institution}.",
    "Raam ingeslagen, {street} ter hoogte van {institution}",
    "Camerabeelden opgevraagd bij {institution}. Aangifte volgt.",
    "Auto bekrast in {place}. Geen getuigen.",
    "In {place} aangetroffen: {make} zonder kenteken",
    "Dader vluchtte op een {make} naar {place}",
    "geen bijzonderheden", "WONING DOORZOCHT, NIETS WEG", "Zie PV. Niet in behandeling.",
    "Terug te bellen na {time}.", "Collega van {institution} ter plaatse. Rustig.",
    "Tussen {time} en {time} is ingebroken. Sieraden weg.",
    "05-12-2023 14:30 melding, 15:10 ter plaatse",
    "Slachtoffer stond bij {institution} te wachten",
    "Twee Nederlandse mannen, een in een {make} jas",
)  # fmt: skip


def ordinary(rng: Rng) -> str:
    """Draw a sentence without a name of a person."""
    return str(rng.choice(ORDINARY)).format(
        street=rng.choice(STREETS),
        place=rng.choice(PLACES),
        institution=rng.choice(INSTITUTIONS),
        make=rng.choice(MAKES),
        time=rng.choice(TIMES),
    )


def _surname(rng: Rng) -> str:
    return f"{rng.choice(BETWEEN)}{rng.choice(FAMILY)}"


def _initials(rng: Rng) -> str:
    drawn = rng.choice([*"ABCDEFGHJKLMNPRSTVW", "Th", "Ph", "IJ"], rng.integers(1, 4))
    return rng.choice(["", " "]).join(f"{one}." for one in drawn)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


NAMED = {
    "given and family name": lambda r: f"{r.choice(GIVEN)} {_surname(r)}",
    "two given names": lambda r: f"{r.choice(GIVEN)} {r.choice(GIVEN)} {_surname(r)}",
    "initials": lambda r: f"{_initials(r)} {_surname(r)}",
    "title": lambda r: f"{r.choice(TITLES)}{_surname(r)}",
    "title, capitalised": lambda r: f"{r.choice(TITLES)}{_capital(_surname(r))}",
    "title and initials": lambda r: f"{r.choice(TITLES)}{_initials(r)} {_surname(r)}",
    "role": lambda r: f"{r.choice(ROLES)}{_surname(r)}",
    "family name, initials": lambda r: f"{_capital(_surname(r))}, {_initials(r)}",
    "in capitals": lambda r: f"{r.choice(GIVEN)} {_surname(r)}".upper(),
}
MISSED = {
    "family name alone": lambda r: r.choice(FAMILY),
    "given name alone": lambda r: r.choice(GIVEN),
    "in small letters": lambda r: f"{r.choice(GIVEN)} {_surname(r)}".lower(),
}


def hidden(rng: Rng, form: str) -> str:
    """Draw a name in one of the forms, within a sentence."""
    return str(rng.choice(AROUND)).format(str((NAMED | MISSED)[form](rng)))
