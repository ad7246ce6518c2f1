"""Only how a document speaks: phrases with their figures, money, days, rates and countries in one of four languages."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from string import Formatter

from babel import Locale
from babel.dates import format_date

from billing.documents.phrases import LANGUAGES, PHRASES, SMALL_BUSINESS_LAW
from core.countries import country_name
from core.money import MINUS, NO_BREAK_SPACE, Money, currency, format_money, group_digits

# The market writes days as the British do: 18 October 2026.
_LOCALES = {"en": "en_GB", "de": "de_DE", "fr": "fr_FR", "es": "es_ES"}
_SIGN_FIRST = "en"
_HUNDREDTH = Decimal("0.01")


class UnknownPhrase(KeyError):
    """A phrase, a language or a figure that the table does not know: a mistake of ours, never of a customer."""


def placeholders(text: str) -> set[str]:
    """The names in braces."""
    return {name for _literal, name, _spec, _conversion in Formatter().parse(text) if name}


@dataclass(frozen=True)
class Words:
    """One language. An unknown one reads English, as a document must be readable above all."""

    language: str

    @property
    def _spoken(self) -> str:
        return self.language if self.language in LANGUAGES else LANGUAGES[0]

    @property
    def _locale(self) -> Locale:
        return Locale.parse(_LOCALES[self._spoken])

    def say(self, phrase: str, **figures: str) -> str:
        """The phrase with its figures put in as they are. Raises `UnknownPhrase` when one is lacking or too many."""
        try:
            text = PHRASES[phrase][LANGUAGES.index(self._spoken)]
        except KeyError:
            raise UnknownPhrase(phrase) from None
        if placeholders(text) != figures.keys():
            raise UnknownPhrase(f"{phrase} wants {sorted(placeholders(text))}, not {sorted(figures)}")
        return text.format_map(figures)

    def money(self, minor: int, code: str) -> str:
        """ "€ 1,284.50" in English; the others write the sign behind: "1.284,50 €". Negative with a true minus in front."""
        sign, unit = (MINUS if minor < 0 else ""), currency(code).sign
        text = format_money(Money(abs(minor), code), self._spoken)
        if self._spoken != _SIGN_FIRST:
            text = f"{text.removeprefix(unit + NO_BREAK_SPACE)}{NO_BREAK_SPACE}{unit}"
        return f"{sign}{text}"

    def day(self, iso: str) -> str:
        """ "18 October 2026", from an ISO date."""
        return str(format_date(date.fromisoformat(iso), "long", locale=self._locale))

    def short_day(self, iso: str) -> str:
        """ "18 Oct 2026", from an ISO date."""
        return str(format_date(date.fromisoformat(iso), "medium", locale=self._locale))

    def rate(self, rate: str) -> str:
        """ "19 %", "25.5 %", "25,5 %": an exact rate ("0.255") as percent with the decimals that it has."""
        return f"{self.decimal(Decimal(rate) * 100)}{NO_BREAK_SPACE}%"

    def decimal(self, figure: Decimal) -> str:
        """An exact figure with the marks of the language and no needless zeros."""
        whole, _point, rest = f"{figure.normalize():f}".partition(".")
        mark = str(self._locale.number_symbols["latn"]["decimal"])
        return group_digits(int(whole), self._spoken) + (f"{mark}{rest}" if rest else "")

    def exact(self, figure: str) -> str:
        """An exact figure with all the decimals that it was stated with: "1,0850"."""
        mark = str(self._locale.number_symbols["latn"]["decimal"])
        return figure.replace(".", mark)

    def hours(self, seconds: int) -> str:
        """ "12.5 h": seconds as hours, down to hundredths."""
        figure = (Decimal(seconds) / 3600).quantize(_HUNDREDTH, rounding=ROUND_DOWN)
        return self.say("hours", figure=self.decimal(figure))

    def country(self, code: str) -> str:
        """The country's name."""
        return country_name(code, self._spoken)

    def law(self, category: str, seller_country: str) -> str:
        """Why no VAT is charged, as the law wants it said; empty where VAT is, and where it was left out."""
        if category in {"S", "N"}:
            return ""
        if category != "E":
            return self.say(f"law_{category}")
        national = SMALL_BUSINESS_LAW.get(seller_country, "")
        return self.say("law_E", national=f"; {national}" if national else "")
