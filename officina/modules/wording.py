"""The steps of Preprocess Text; only a job imports it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from officina.modules import columns
from officina.modules.errors import NOT_PARSED, module_error
from officina.modules.grams import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any

    from officina.modules.context import Context

SENTENCE = "|||"
URL = re.compile(r"\b(?:https?://|ftp://|www\.)\S+", re.IGNORECASE)
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
NUMBER = re.compile(r"(?<![^\W\d_])[+-]?\d+(?:[.,:/]\d+)*%?(?![^\W\d_])")
REPEATED = re.compile(r"(\S)\1{2,}")
SPECIAL = re.compile(r"[^\w\s]|_")
SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])")
# The irregular ones first; "'s" and "'d" stand for more than one word and the commonest is taken.
CONTRACTIONS = (
    (r"\bcan't\b", "cannot"), (r"\bwon't\b", "will not"), (r"\bshan't\b", "shall not"),
    (r"\bain't\b", "is not"), (r"\blet's\b", "let us"), (r"n't\b", " not"), (r"'re\b", " are"),
    (r"'ve\b", " have"), (r"'ll\b", " will"), (r"'d\b", " would"), (r"'m\b", " am"),
    (r"\b(it|he|she|that|this|there|here|what|who|where|when|why|how)'s\b", r"\1 is"),
)  # fmt: skip
EXPANSIONS = tuple((re.compile(found, re.IGNORECASE), full) for found, full in CONTRACTIONS)


def preprocess(ctx: Context) -> None:
    """Run Preprocess Text."""
    table = ctx.table("dataset")
    name = columns.select_one(table, ctx.params["column"], where="column")
    clean = cleaner(ctx.params, _stop_words(ctx))
    result = table.with_frame(table.frame.copy())
    result.frame[f"Preprocessed {name}"] = texts(ctx, table, name).map(clean)
    ctx.save_table("results", result)


def _stop_words(ctx: Context) -> Collection[str]:
    if not ctx.params["remove_stop_words"]:
        return frozenset()
    if not ctx.has("stop_words"):
        return frozenset(ENGLISH_STOP_WORDS)
    words = ctx.table("stop_words", allow_empty=False).frame.iloc[:, 0].dropna()
    return frozenset(str(word).strip().lower() for word in words)


def cleaner(params: Mapping[str, Any], stop_words: Collection[str]) -> Callable[[str], str]:
    """Return the function that cleans one text as the switches say."""
    steps: list[Callable[[str], str]] = []
    if params["pattern"]:
        steps.append(_custom(params["pattern"], params["replacement"] or ""))
    for switch, step in STEPS.items():
        if params[switch]:
            steps.append(step)
    if params["lower"]:
        steps.append(str.lower)
    if params["lemmas"]:
        steps.append(_lemmas)

    def clean(text: str) -> str:
        for step in steps:
            text = step(text)
        words = [word for word in text.split() if word.lower() not in stop_words]
        return " ".join(words)

    return clean


def _custom(pattern: str, replacement: str) -> Callable[[str], str]:
    try:
        found = re.compile(pattern)
        found.sub(replacement, "")
    except re.error as error:
        raise module_error(
            NOT_PARSED,
            f'"{pattern}" is no regular expression: {error}',
            where="pattern",
            hint="Correct it, or leave the field blank.",
        ) from error
    return lambda text: found.sub(replacement, text)


def _expand(text: str) -> str:
    text = text.replace("\u2019", "'")
    for found, full in EXPANSIONS:
        text = found.sub(full, text)
    return text


def _sentences(text: str) -> str:
    return SENTENCE_END.sub(f" {SENTENCE} ", text)


def _without_special(text: str) -> str:
    """Remove special characters, but for the marks between sentences."""
    return f" {SENTENCE} ".join(SPECIAL.sub("", part) for part in text.split(SENTENCE))


def _split(text: str) -> str:
    """Set runs of special characters apart: MS---WORD becomes MS --- WORD's three tokens."""
    parts = text.split(SENTENCE)
    apart = [re.sub(r"([^\w\s]|_)\1*", lambda found: f" {found[1]} ", part) for part in parts]
    return f" {SENTENCE} ".join(apart)


@lru_cache(maxsize=200_000)
def _lemma(word: str) -> str:
    from simplemma import lemmatize

    return str(lemmatize(word, lang="en"))


def _lemmas(text: str) -> str:
    return " ".join(word if word == SENTENCE else _lemma(word) for word in text.split())


# In this order, after the custom expression: what joins words must come before what parts them.
STEPS: dict[str, Callable[[str], str]] = {
    "slashes": lambda text: text.replace("\\", "/"),
    "contractions": _expand,
    "urls": lambda text: URL.sub(" ", text),
    "emails": lambda text: EMAIL.sub(" ", text),
    "sentences": _sentences,
    "duplicates": lambda text: REPEATED.sub(
        lambda found: found[0] if found[1] == "|" else found[1] * 2, text
    ),
    "numbers": lambda text: NUMBER.sub(" ", text),
    "split": _split,
    "special": _without_special,
}
