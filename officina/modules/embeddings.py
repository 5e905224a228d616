"""Vectors of words; only a job imports it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from officina.modules import columns, grams
from officina.modules.errors import EMPTY_INPUT, INVALID_DATA, module_error
from officina.modules.tables import Table

if TYPE_CHECKING:
    from officina.modules.context import Context


def convert(ctx: Context) -> None:
    """Run Convert Word to Vector."""
    table = ctx.table("dataset", allow_empty=False)
    name = columns.select_one(table, ctx.params["column"], where="column")
    sentences = [text.split() for text in grams.texts(ctx, table, name)]
    counts = Counter(word for sentence in sentences for word in sentence)
    common = counts.most_common(ctx.params["max_vocabulary"])
    words = [word for word, count in common if count >= ctx.params["min_count"]]
    if not words:
        raise module_error(
            EMPTY_INPUT,
            f'No word of "{name}" occurs {ctx.params["min_count"]} times.',
            where="min_count",
            hint="Lower the minimum word count.",
        )
    vectors = (
        _look_up(ctx, set(words))
        if ctx.params["strategy"] == "glove"
        else _learn(ctx, sentences, set(words))
    )
    known = [word for word in words if word in vectors]
    frame = pd.DataFrame([vectors[word] for word in known])
    frame.columns = pd.Index([f"Embedding dim {place}" for place in range(frame.shape[1])])
    frame.insert(0, "Vocabulary", known)
    ctx.save_table("vocabulary", Table(frame))


def _learn(ctx: Context, sentences: list[list[str]], words: set[str]) -> dict[str, Any]:
    from gensim.models import FastText, Word2Vec
    from gensim.models.callbacks import CallbackAny2Vec

    params = ctx.params
    epochs = params["epochs"]

    class Progress(CallbackAny2Vec):  # type: ignore[misc]
        """Tells the rounds."""

        done = 0

        def on_epoch_end(self, model: object) -> None:
            """Count one more round."""
            self.done += 1
            ctx.report.progress(self.done / epochs, f"round {self.done} of {epochs}")

    # Rarer words are left out before, so that both limits hold at once.
    kept = [[word for word in sentence if word in words] for sentence in sentences]
    model = (Word2Vec if params["strategy"] == "word2vec" else FastText)(
        kept,
        vector_size=params["size"],
        window=params["window"],
        epochs=epochs,
        min_count=1,
        sg=int(params["algorithm"] == "skip_gram"),
        seed=ctx.seed(),
        workers=1,  # several would make the result depend on their timing
        callbacks=[Progress()],
    )
    return {word: model.wv[word] for word in words}


def _look_up(ctx: Context, words: set[str]) -> dict[str, Any]:
    """Read the lines of a GloVe text file whose word is wanted."""
    if not ctx.has("glove"):
        raise module_error(
            EMPTY_INPUT,
            "There are no GloVe vectors.",
            where="glove",
            hint="Upload a GloVe text file (a word and its numbers a line) and wire it, "
            "or choose another strategy.",
        )
    place = Path(ctx.inputs["glove"])
    files = [place] if place.is_file() else sorted(one for one in place.rglob("*") if one.is_file())
    found: dict[str, Any] = {}
    for file in files:
        if file.suffix.lower() not in (".txt", ".vec", ""):
            continue
        with file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                word, _, rest = line.partition(" ")
                if word in words:
                    found[word] = _numbers(rest, word)
    sizes = {len(vector) for vector in found.values()}
    if len(sizes) != 1:
        raise module_error(
            INVALID_DATA,
            "None of the words is in the GloVe file."
            if not sizes
            else f"The vectors of the GloVe file have {sorted(sizes)} numbers.",
            where="glove",
            hint="Each line is a word and as many numbers as all others, parted by blanks.",
        )
    return found


def _numbers(text: str, word: str) -> list[float]:
    try:
        return [float(part) for part in text.split()]
    except ValueError as error:
        raise module_error(
            INVALID_DATA,
            f'The vector of "{word}" cannot be read: {error}',
            where="glove",
            hint="Each line is a word and its numbers, parted by blanks.",
        ) from error
