"""Why a model gets a feature, in both languages of the report: the register says it."""

__all__ = ["REASONS"]

REASONS: dict[str, dict[str, str]] = {
    "own_past": {
        "nl": "Waar meer is gemeld, wordt later vaak opnieuw gemeld.",
        "en": "Where more was reported, more is often reported again.",
    },
    "near_past": {
        "nl": "Wat vlakbij gebeurt, gebeurt daarna vaker ook hier.",
        "en": "What happens close by more often happens here next.",
    },
    "recency": {
        "nl": "Hoe korter geleden er iets gebeurde, hoe groter de kans op herhaling.",
        "en": "The shorter ago something happened, the larger the chance of more.",
    },
    "season": {
        "nl": "Sommige delicten horen bij een deel van het jaar.",
        "en": "Some offences belong to a part of the year.",
    },
    "smooth_past": {
        "nl": "Een plaats is niet precies bekend; een gladde kaart van het verleden vangt dat op.",
        "en": "A place is not known exactly; a smooth map of the past makes up for that.",
    },
    "counting": {
        "nl": "Tellen is de maatstaf die een ander model moet verslaan.",
        "en": "Counting is the yardstick that another model has to beat.",
    },
    "near_repeat": {
        "nl": "Kort na een incident is de kans op een volgend incident vlakbij groter.",
        "en": "Shortly after an incident the chance of another one close by is larger.",
    },
    "other_themes": {
        "nl": "Waar andere delicten gebeuren, is ook de kans op dit delict vaak anders.",
        "en": "Where other offences happen, the chance of this one often differs too.",
    },
    "suspects": {
        "nl": "Het CAS gebruikte aantallen verdachten. Of het helpt, zegt de proef zonder.",
        "en": "CAS used counts of suspects. Whether they help, the trial without them says.",
    },
}
