"""Whether a text speaks of a handover, and what it seems to say of its size. The words are data: patterns.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from pydantic import StrictInt

__all__ = ["DIRECTIONS", "LANGUAGES", "Found", "Suggestion", "judge", "language_of", "plain"]

DIRECTIONS = ("to_ukraine", "to_russia", "each", "pair", "together", "unsaid")
_PLAIN = ("to_ukraine", "to_russia", "each")  # what is taken from a summary
MOST_READ = 400  # characters of a headline, of a summary
MOST_WORDS = 120  # characters of a text that are quoted
MOST_PERSONS = 1_000_000  # what is more counts no persons handed over
_COUNTED = {"bodies": "B", "prisoners": "P", "civilians": "V"}
# Up to six, up to three words in between.
_GAPS = {"g": r"(?:\W+\w+){0,6}?\W+", "s": r"(?:\W+\w+){0,3}?\W+"}
_NUMBER = r"(?:(?<=for-)|(?<=to-)|(?<![\w.,/:$€£#-]))(?:(?P<q{i}>{q})\s+)?(?P<n{i}>\d+[.,]\d\d?(?=\s*(?:{k})\b)|\d{1,3}(?:[.,\u00a0\u202f ]\d{3})+(?!\d)|\d+)"
# Not a number of persons: an ordinal, a share, an age, a day, a decimal, a time of day.
_TIMES = (  # ages and times, in all languages at once
    r"years?|days?|hours?|km|lat\w?|rok\w?|dni|godzin\w*|рок\w+|рік|дн\w+|день|годин\w*|лет|год\w?|час\w*|"
    r"jahre\w*|tage\w*|stunden|ans|jours|heures"
)
_NOT_AFTER = rf"(?![\d%]|[.,:]\d|-(?!for|to)\w|\s?(?:st|nd|rd|th|%|percent|{_TIMES})\b)"
# What joins a number to the one before it: "150 soldiers and", in all languages at once.
_AND = re.compile(r"(?:\W+\w+){1,4}?\W+(?:and|та|і|й|и|und|oraz|i|et)\W+(?:some |about )?", re.I)
_THOUSAND = r"(?P<k{i}>\s*(?:{k})\b)?"


@dataclass(frozen=True)
class Suggestion:
    """A number that a text prints, which way it seems to go, and the words that this stands on. Not a claim.

    `direction` is of `DIRECTIONS`: as many to each side, n for m with the way unsaid (`pair`), both ways in one number
    (`together`), or `unsaid`. `qualifier` is worded as in `claims`.
    """

    kind: str
    direction: str
    count: StrictInt
    qualifier: str
    words: str


@dataclass(frozen=True)
class Found:
    """What a text speaks of: the kind of handover, the words that say so, the numbers suggested."""

    kind: str
    words: str
    suggestions: tuple[Suggestion, ...]


@dataclass(frozen=True)
class _Rule:
    kind: str
    direction: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None = None

    def words(self, match: re.Match[str], names: re.Pattern[str]) -> str:
        """Return what was matched in the patterns' own words; others, a person's name among them, are left out."""
        own = set(re.findall(r"[^\W\d_]+", self.pattern.pattern))
        said = (
            w if names.fullmatch(w) or w.lower() in own or w[:1].isdigit() else "…"
            for w in re.findall(r"\w+(?:[.,]\d+\w*)*", match[0])
        )
        return re.sub(r"…(?: …)+", "…", " ".join(said)).strip("… ")[:MOST_WORDS]


@dataclass(frozen=True)
class _Language:
    context: re.Pattern[str]
    keep: tuple[_Rule, ...]
    drop: tuple[re.Pattern[str], ...]
    sums: tuple[re.Pattern[str], ...]
    counts: tuple[_Rule, ...]
    qualifiers: Mapping[str, re.Pattern[str]]
    dates: re.Pattern[str]
    spelled: Mapping[str, int]
    words: re.Pattern[str]
    names: re.Pattern[str]


@cache
def data() -> dict[str, Any]:
    """Return patterns.toml as it is."""
    text = resources.files("repatria.watch").joinpath("patterns.toml").read_text("utf-8")
    return tomllib.loads(text)


LANGUAGES = tuple(data())


def _compiled(pattern: str, names: Mapping[str, str], given: Mapping[str, Any]) -> re.Pattern[str]:
    """Return a pattern with its {names} filled in; each number gets groups of its own."""
    words = "|".join(given["qualifiers"].values())
    numbers = iter(range(9))

    def fill(found: re.Match[str]) -> str:
        if (name := found[1]) not in names and found[2] in ("n", "m"):
            parts = (_NUMBER + _THOUSAND).replace("{q}", words).replace("{k}", given["thousand"])
            return "(?:" + parts.replace("{i}", str(next(numbers))) + _NOT_AFTER + ")"
        return names.get(name) or names[found[2]]

    filled = re.sub(r"\{(([A-Za-z])\w*)\}", fill, pattern)
    return re.compile(rf"(?<!\w)(?:{filled})", re.I)


@cache
def _language(name: str) -> _Language:
    given = data()[name]
    own = {**given["names"], **_GAPS}

    def rules(rule: Mapping[str, Any]) -> Iterator[_Rule]:
        for kind in [rule["kind"]] if "kind" in rule else _COUNTED:
            names = own | {"K": own.get(_COUNTED[kind], own["P"])}
            for way, x, y in (("to_ukraine", "UA", "RU"), ("to_russia", "RU", "UA")):
                direction = rule.get("direction", "")
                if direction == "to_x":
                    direction = way
                elif way == "to_russia":
                    break
                names |= {"X": own[x], "Y": own[y]}
                unless = _compiled(rule["unless"], names, given) if "unless" in rule else None
                yield _Rule(kind, direction, _compiled(rule["pattern"], names, given), unless)

    def plain(part: str) -> tuple[re.Pattern[str], ...]:
        return tuple(_compiled(d["pattern"], own, given) for d in given.get(part, ()))

    spelled = "|".join(sorted(given["spelled"], key=len, reverse=True))
    return _Language(
        _compiled(given["context"], own, given),
        tuple(r for k in given["keep"] for r in rules(k)),
        plain("drop"),
        plain("sums"),
        tuple(r for c in given["counts"] for r in rules(c)),
        {q: re.compile(p, re.I) for q, p in given["qualifiers"].items()},
        _compiled(given.get("dates", "(?!)"), own, given),
        given["spelled"],
        re.compile(rf"(?<!\w)(?<!\d )(?:{spelled or '(?!)'})(?!\w)", re.I),
        re.compile("|".join([*given["names"].values(), *given["qualifiers"].values()]), re.I),
    )


def plain(text: str) -> str:
    r"""Return a text without tags, control and format characters, in one line: inert wherever it is shown.

    >>> plain("<b>Two\x1b[31m\u202e lines</b>\n<script>x()</script>"), plain("a &amp; b")
    ('Two[31m lines', 'a & b')
    """
    import html

    text = text[:20_000]
    for _ in range(2):  # the second time for what was escaped
        text = re.sub(r"(?is)<(script|style)\b.*?(?:</\1\s*>|$)", " ", text)
        text = html.unescape(re.sub(r"<[^<>]{0,2000}>", " ", text))
    return " ".join("".join(c for c in text if c.isspace() or c.isprintable()).split())


def language_of(text: str, given: str = "") -> str:
    """Return the language whose patterns judge a text: the one given, else by its letters uk, ru or en.

    >>> language_of("Відбувся обмін"), language_of("Состоялся обмен"), language_of("A swap", "en-us")
    ('uk', 'ru', 'en')
    """
    short = given.lower()[:2]
    if short in LANGUAGES:
        return short
    if re.search(r"[іїєґ]", text.lower()):
        return "uk"
    return "ru" if re.search(r"[а-я]", text.lower()) else "en"


def judge(title: str, summary: str = "", language: str = "", own: bool = False) -> list[Found]:
    """Return the kinds of handover that a page's headline speaks of, with what it suggests of their size.

    The headline decides; of the summary only numbers are taken, and only those whose way it says. `own`: the feed speaks for one of
    the two sides, so the text need not name them. Both texts must be plain (`plain`).

    >>> [f.kind for f in judge("Kyiv and Moscow exchange 62 prisoners", language="en")]
    ['prisoners']
    >>> judge("Kyiv and Moscow agree to exchange prisoners", language="en")
    []
    """
    language = language if language == "slug" else language_of(title, language)
    rules = _language(language)
    title, summary = (_spelled(t[:MOST_READ], rules) for t in (title, summary))
    if not own and not rules.context.search(f"{title}\n{summary}"):
        return []
    if any(d.search(title) for d in rules.drop):
        return []
    found = {}
    for rule in rules.keep:
        if rule.unless and rule.unless.search(title):
            continue
        if rule.kind not in found and (words := rule.pattern.search(title)):
            more = [s for s in _numbers(summary, rule.kind, rules) if s.direction in _PLAIN]
            numbers = (*_numbers(title, rule.kind, rules), *more)
            found[rule.kind] = Found(rule.kind, rule.words(words, rules.names), numbers)
    return list(found.values())


def _spelled(text: str, rules: _Language) -> str:
    return rules.words.sub(lambda found: str(rules.spelled[found[0].lower()]), text)


def _count(digits: str, thousands: bool) -> int:
    """Return the number that digits print: their points part thousands, before a word for thousand (1.2K) decimals."""
    if thousands and re.fullmatch(r"\d+[.,]\d\d?", digits):
        return round(float(digits.replace(",", ".")) * 1000)
    return int(re.sub(r"\D", "", digits)) * (1000 if thousands else 1)


def _numbers(text: str, kind: str, rules: _Language) -> tuple[Suggestion, ...]:
    """Return the numbers of one kind that a text prints; a later rule takes only words no earlier one has.

    A sentence that sums up what came over a time gives none, and no date does.
    """
    sentences = re.finditer(r"(?:[^.!?;]|[.!?;](?!\s))+", text)
    taken = [s.span() for s in sentences if any(p.search(s[0]) for p in rules.sums)]
    text = rules.dates.sub(lambda date: re.sub(r"\d", "x", date[0]), text)
    out: list[tuple[int, int, Suggestion]] = []
    for rule in rules.counts:
        for match in rule.pattern.finditer(text) if rule.kind == kind else ():
            groups = match.groupdict()
            spans = [(i, match.span(f"n{i}")) for i in range(9) if groups.get(f"n{i}")]
            if not spans or any(
                a < end and start < b for _, (start, end) in spans for a, b in taken
            ):
                continue
            taken += [span for _, span in spans]
            for i, (start, end) in spans:
                count = _count(groups[f"n{i}"], bool(groups[f"k{i}"]))
                if count > MOST_PERSONS:
                    continue
                worded = groups[f"q{i}"] or ""
                said = (q for q, p in rules.qualifiers.items() if p.fullmatch(worded))
                words = rule.words(match, rules.names)
                told = Suggestion(kind, rule.direction, count, next(said, "exact"), words)
                out.append((start, end, told))
    return _joined(text, out)


def _joined(text: str, found: list[tuple[int, int, Suggestion]]) -> tuple[Suggestion, ...]:
    """Return suggestions in the order found; one whose way is unsaid goes as the one it is joined to by "and"."""
    out = []
    for start, _, told in found:
        if told.direction == "unsaid":
            ways = [t.direction for _, end, t in found if _AND.fullmatch(text[end:start])]
            told = replace(told, direction=next((w for w in ways if w != "pair"), "unsaid"))
        out.append(told)
    return tuple(out)
