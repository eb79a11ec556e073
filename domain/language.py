"""Languages that texts of the catalog may be in: those whose words PostgreSQL knows how to stem."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    """Named as the text search configurations of PostgreSQL 17; `simple` takes words as they stand."""

    SIMPLE = "simple"
    ARABIC = "arabic"
    ARMENIAN = "armenian"
    BASQUE = "basque"
    CATALAN = "catalan"
    DANISH = "danish"
    DUTCH = "dutch"
    ENGLISH = "english"
    FINNISH = "finnish"
    FRENCH = "french"
    GERMAN = "german"
    GREEK = "greek"
    HINDI = "hindi"
    HUNGARIAN = "hungarian"
    INDONESIAN = "indonesian"
    IRISH = "irish"
    ITALIAN = "italian"
    LITHUANIAN = "lithuanian"
    NEPALI = "nepali"
    NORWEGIAN = "norwegian"
    PORTUGUESE = "portuguese"
    ROMANIAN = "romanian"
    RUSSIAN = "russian"
    SERBIAN = "serbian"
    SPANISH = "spanish"
    SWEDISH = "swedish"
    TAMIL = "tamil"
    TURKISH = "turkish"
    YIDDISH = "yiddish"

    @property
    def tag(self) -> str:
        """As browsers call it (BCP 47); `und` for a language that is not stated."""
        return TAGS.get(self, self.value[:2])


TAGS = {
    Language.SIMPLE: "und",
    Language.ARMENIAN: "hy",
    Language.BASQUE: "eu",
    Language.DUTCH: "nl",
    Language.GERMAN: "de",
    Language.GREEK: "el",
    Language.INDONESIAN: "id",
    Language.IRISH: "ga",
    Language.LITHUANIAN: "lt",
    Language.PORTUGUESE: "pt",
    Language.SERBIAN: "sr",
    Language.SPANISH: "es",
    Language.SWEDISH: "sv",
    Language.TURKISH: "tr",
}
"""Of those that do not begin with it."""
