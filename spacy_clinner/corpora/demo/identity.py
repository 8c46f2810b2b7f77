"""Invented people, hospitals, dates, numbers: the protected health information (PHI) of a demo note."""

from datetime import date, timedelta
from functools import cache
from random import Random

from .grammar import flatten, parse
from .lexicon import read_data, split_list

KINDS = (
    *("patient", "surname", "dob", "doctor", "relative"),
    *("date", "today", "admitted", "stay", "discharged", "next", "month"),
    *("hospital", "id", "phone"),
)
_DATE_STYLES = ("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%y", "%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%d-%b-%Y", "%m/%d/%y")
_SHORT_DATE_STYLES = ("%m/%d", "%d %B", "%B %d", "%d/%m")
OLDEST_UNPROTECTED_AGE = 89


@cache
def _stock() -> dict[str, tuple[str, ...]]:
    return {key: split_list(text) for key, text in read_data("lexicons", "identity.toml").items()}


class Identity:
    """The people and places of one note, the same wherever the note names them."""

    def __init__(self, rng: Random):
        """rng (Random): where every choice comes from."""
        self._rng = rng
        self._stock = _stock()
        self.sex = rng.choice("fm")
        self.age = rng.randint(90, 101) if rng.random() < 0.08 else rng.randint(19, 89)
        self._first = self._first_name(self.sex)
        self._last = self._surname()
        self._hospital = self._place()
        self._today = date(2009, 1, 1) + timedelta(days=rng.randrange(5500))
        self._date_style = rng.choice(_DATE_STYLES)
        self._stay = timedelta(days=rng.randint(1, 25))

    def phi(self, kind: str) -> str:
        """The text of one PHI mention.

        kind (str): one of `KINDS`.
        RETURNS (str): invented text; `patient`, `surname` and `dob` agree within a note.
        """
        return getattr(self, f"_phi_{kind}")()

    def word(self, key: str) -> str | None:
        """A word that agrees with the patient (he, his, man, Mr, ...), or None if `key` is no such word."""
        pair = {
            "he": ("she", "he"),
            "his": ("her", "his"),
            "him": ("her", "him"),
            "Mr": ("<Mrs|Ms>[.]", "Mr[.]"),
            "man": ("woman", "man"),
            "gentleman": ("lady", "gentleman"),
            "male": ("<female|F>", "<male|M>"),
            "spouse": ("husband", "wife"),
        }.get(key)
        return self._write(pair["fm".index(self.sex)]) if pair else None

    def _phi_patient(self) -> str:
        style = self._rng.randrange(4)
        if style == 0:
            return f"{self._last}, {self._first}"
        if style == 1:
            return f"{self._first[0]}. {self._last}"
        return f"{self._first} {self._last}"

    def _phi_surname(self) -> str:
        return self._last

    def _phi_doctor(self) -> str:
        first, last = self._first_name(self._rng.choice("fm")), self._surname()
        return self._rng.choice((last, f"{first[0]}. {last}", f"{first} {last}"))

    def _phi_relative(self) -> str:
        return self._first_name(self._rng.choice("fm"))

    def _phi_date(self) -> str:
        return self._near(self._today - timedelta(days=self._rng.randrange(400)))

    def _phi_today(self) -> str:
        return self._today.strftime(self._date_style)

    def _phi_stay(self) -> str:
        return self._near(self._today - timedelta(days=self._rng.randint(0, self._stay.days)))

    def _phi_next(self) -> str:
        return self._near(self._today + timedelta(days=self._rng.randint(3, 180)))

    def _phi_admitted(self) -> str:
        return (self._today - self._stay).strftime(self._date_style)

    def _phi_discharged(self) -> str:
        return self._today.strftime(self._date_style)

    def _phi_month(self) -> str:
        day = self._today - timedelta(days=self._rng.randrange(4000))
        return day.strftime(self._rng.choice(("%B %Y", "%b %Y", "%m/%Y", "%B of %Y")))

    def _phi_dob(self) -> str:
        return (self._today - timedelta(days=self.age * 365 + self._rng.randrange(364))).strftime(self._date_style)

    def _phi_hospital(self) -> str:
        return self._hospital if self._rng.random() < 0.6 else self._place()

    def _phi_id(self) -> str:
        return self._write(self._rng.choice(self._stock["ids"]))

    def _phi_phone(self) -> str:
        return self._write(self._rng.choice(self._stock["phones"]))

    def _near(self, day: date) -> str:
        """A day not long ago or soon, often written without its year."""
        return day.strftime(self._date_style if self._rng.random() < 0.7 else self._rng.choice(_SHORT_DATE_STYLES))

    def _first_name(self, sex: str) -> str:
        return self._rng.choice(self._stock["women" if sex == "f" else "men"])

    def _surname(self) -> str:
        if self._rng.random() < 0.2:
            return self._rng.choice(self._stock["surnames"])
        return self._rng.choice(self._stock["surname_starts"]) + self._rng.choice(self._stock["surname_ends"])

    def _place(self) -> str:
        town = self._rng.choice(self._stock["town_starts"]) + self._rng.choice(self._stock["town_ends"])
        saint = self._rng.choice(self._stock["saints"])
        kind = self._rng.choice(self._stock["hospitals"])
        return kind.replace("TOWN", town).replace("SAINT", saint)

    def _write(self, source: str) -> str:
        # names have choices and numbers, but no slots
        return "".join(str(part) for part in flatten(parse(source), self._rng))
