"""Palette category Text Analytics: n-grams, hashing, cleaning, topics and word vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import Column, chosen_columns, put, rules
from officina.lazy import lazy
from officina.modules.parameters import seed_param

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officina.columns import Schemas
    from officina.modules import embeddings, grams, topics, wording
    from officina.modules.context import Context
else:
    embeddings = lazy("officina.modules.embeddings")
    grams = lazy("officina.modules.grams")
    topics = lazy("officina.modules.topics")
    wording = lazy("officina.modules.wording")

CATEGORY = "Text Analytics"
DATASET = Port("dataset", "dataset", label="Dataset")
VOCABULARY = (
    Column("ID", "integer"),
    Column("NGram", "string"),
    Column("DF", "integer"),
    Column("IDF", "number"),
)
CREATE = {"mode": "create"}


@module(
    name="extract_n_gram_features_from_text",
    title="Extract N-Gram Features from Text",
    category=CATEGORY,
    inputs=[DATASET, Port("vocabulary", "dataset", label="Input vocabulary", optional=True)],
    outputs=[
        Port("results", "dataset", label="Results dataset"),
        Port("result_vocabulary", "dataset", label="Result vocabulary"),
    ],
    params=[
        Param("column", "columns", "Text column", single=True),
        Param(
            "mode", "enum", "Vocabulary mode", "create", enum=("create", "read_only"),
            help="Read only: the n-grams of the input vocabulary, for data to be scored.",
        ),
        Param("n", "integer", "N-Grams size", 1, 1, 10, visible_when=CREATE),
        Param(
            "weighting", "enum", "Weighting function", "binary",
            enum=("binary", "tf", "idf", "tf_idf"),
        ),
        Param("min_length", "integer", "Minimum word length", 3, 1, 100),
        Param("max_length", "integer", "Maximum word length", 25, 1, 1_000),
        Param(
            "min_documents", "integer", "Minimum n-gram document absolute frequency", 5, 1,
            visible_when=CREATE,
        ),
        Param(
            "max_ratio", "number", "Maximum n-gram document ratio", 1.0, 0.000001, 1,
            visible_when=CREATE,
        ),
        Param("normalize", "boolean", "Normalize n-gram feature vectors", False),
    ],
    summary="{column}: {weighting}",
    doc="Make a column of numbers of each n-gram (of one to n words) in a text column, called "
    "<column>.[<n-gram>]. IDF is the logarithm of the number of texts over that of the texts with "
    "the n-gram; TF counts it in the text. Normalizing divides each row by its length (L2). Wire "
    "the result vocabulary to another such step in read only mode to treat new texts alike.",
    schema=rules.chain(rules.unknown("results"), rules.fixed("result_vocabulary", *VOCABULARY)),
)  # fmt: skip
def extract_n_gram_features_from_text(ctx: Context) -> None:
    """Count n-grams, by a new or a given vocabulary."""
    grams.extract(ctx)


@module(
    name="feature_hashing",
    title="Feature Hashing",
    category=CATEGORY,
    inputs=[DATASET],
    outputs=[Port("transformed", "dataset", label="Transformed dataset")],
    params=[
        Param("columns", "columns", "Target columns"),
        Param("bits", "integer", "Hashing bitsize", 10, 1, 20),
        Param("n", "integer", "N-grams", 2, 1, 10),
    ],
    summary="{columns}: {bits} bits",
    doc="Make 2^bitsize columns of numbers of each text column, called "
    "<column>_HashingFeature.<number>: how many of its n-grams (of one to n words) have that hash "
    "(scikit-learn's HashingVectorizer). It needs no vocabulary, so new texts are treated alike.",
)
def feature_hashing(ctx: Context) -> None:
    """Count the hashes of n-grams."""
    grams.hash_texts(ctx)


def _preprocessed(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    table = inputs.get("dataset")
    chosen = chosen_columns(table, params["column"])
    if table is None or chosen is None:
        return {"results": None}
    new = (Column(f"Preprocessed {one.name}", "string") for one in chosen)
    return {"results": put(table, *new)}


def _switch(name: str, label: str, text: str = "") -> Param:
    return Param(name, "boolean", label, True, help=text)


@module(
    name="preprocess_text",
    title="Preprocess Text",
    category=CATEGORY,
    inputs=[DATASET, Port("stop_words", "dataset", label="Stop words", optional=True)],
    outputs=[Port("results", "dataset", label="Results dataset")],
    params=[
        Param("language", "enum", "Language", "english", enum=("english",)),
        Param("column", "columns", "Text column to clean", single=True),
        Param("pattern", "string", "Custom regular expression", optional=True),
        Param(
            "replacement", "string", "Custom replacement string", optional=True,
            help="What is found is replaced by it; blank removes it.",
        ),
        _switch("remove_stop_words", "Remove stop words", "The first column of the Stop words input, "
                "else a common English list."),
        _switch("lemmas", "Use lemmatization"),
        _switch("sentences", "Detect sentences", "Puts ||| between them."),
        _switch("lower", "Normalize case to lowercase"),
        _switch("numbers", "Remove numbers"),
        _switch("special", "Remove special characters"),
        _switch("duplicates", "Remove duplicate characters", "More than two in a row become two."),
        _switch("emails", "Remove email addresses"),
        _switch("urls", "Remove URLs"),
        _switch("contractions", "Expand verb contractions"),
        _switch("slashes", "Normalize backslashes to slashes"),
        _switch("split", "Split tokens on special characters"),
    ],
    summary="{column}",
    doc="Clean and simplify English texts; the result is a new column, Preprocessed <column>. The "
    "custom expression comes first, then the others from the bottom of the list up. Words are "
    "brought to their base form by simplemma; numbers are what is written in digits.",
    schema=_preprocessed,
    requires=["simplemma"],
    extra="Install: pip install simplemma (make run OFFICINA_EXTRAS=1 does so)",
)  # fmt: skip
def preprocess_text(ctx: Context) -> None:
    """Clean the texts of one column."""
    wording.preprocess(ctx)


def _topics(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    table = inputs.get("dataset")
    new = [Column(f"Topic {place + 1}", "number") for place in range(params["topics"])]
    return {
        "transformed": None if table is None else put(table, *new),
        "topic_matrix": (Column("Feature", "string"), *new),
    }


@module(
    name="latent_dirichlet_allocation",
    title="Latent Dirichlet Allocation",
    category=CATEGORY,
    inputs=[DATASET],
    outputs=[
        Port("transformed", "dataset", label="Transformed dataset"),
        Port("topic_matrix", "dataset", label="Feature topic matrix"),
        Port("transform", "transform", label="LDA transformation"),
    ],
    params=[
        Param("columns", "columns", "Target columns"),
        Param("topics", "integer", "Number of topics to model", 5, 1, 1_000),
        Param("n", "integer", "N-grams", 2, 1, 10),
        Param("normalize", "boolean", "Normalize", True,
              help="On: the topics of a row add up to 1. Off: to the number of its n-grams."),
        Param("rho", "number", "Rho parameter", 0.01, 1e-9, 1),
        Param("alpha", "number", "Alpha parameter", 0.01, 1e-9, 1),
        Param("documents", "integer", "Estimated number of documents", 1000, 1),
        Param("batch", "integer", "Size of the batch", 32, 1),
        Param("offset", "number", "Initial iteration value for the learning rate", 0, 0),
        Param("decay", "number", "Power applied to the iteration", 0.5, 0, 1),
        Param("iterations", "integer", "Number of training iterations", 25, 1, 100_000),
        Param("dictionary", "boolean", "Build dictionary of n-grams", True,
              help="Off: n-grams are hashed, and the matrix names no words."),
        Param("dictionary_size", "integer", "Maximum size of the dictionary", 20_000, 1,
              visible_when={"dictionary": True}),
        Param("bits", "integer", "Number of bits to use for feature hashing", 12, 1, 20,
              visible_when={"dictionary": False}),
        seed_param(),
    ],
    summary="{columns}: {topics} topics",
    doc="Find topics, groups of words that come together, in texts (scikit-learn's online latent "
    "Dirichlet allocation): adds Topic 1, Topic 2 and so on, each row's share of the topic. The "
    "matrix tells how much each n-gram belongs to each topic; the transformation does the same "
    "to other texts with Apply Transformation.",
    schema=_topics,
)  # fmt: skip
def latent_dirichlet_allocation(ctx: Context) -> None:
    """Find topics and tell each row's."""
    topics.find(ctx)


def _vectors(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    if params["strategy"] == "glove":
        return {"vocabulary": None}
    dimensions = (Column(f"Embedding dim {place}", "number") for place in range(params["size"]))
    return {"vocabulary": (Column("Vocabulary", "string"), *dimensions)}


LEARNED = {"strategy": ["word2vec", "fasttext"]}


@module(
    name="convert_word_to_vector",
    title="Convert Word to Vector",
    category=CATEGORY,
    inputs=[DATASET, Port("glove", "any", label="GloVe vectors (text file)", optional=True)],
    outputs=[Port("vocabulary", "dataset", label="Vocabulary with embeddings")],
    params=[
        Param("column", "columns", "Target column", single=True),
        Param(
            "strategy", "enum", "Word2Vec strategy", "word2vec",
            enum=("word2vec", "fasttext", "glove"),
            help="GloVe takes its vectors from the file at the second input; none comes with it.",
        ),
        Param("algorithm", "enum", "Word2Vec training algorithm", "skip_gram",
              enum=("skip_gram", "cbow"), visible_when=LEARNED),
        Param("size", "integer", "Length of word embedding", 100, 1, 2_000, visible_when=LEARNED),
        Param("window", "integer", "Context window size", 5, 1, 1_000, visible_when=LEARNED),
        Param("epochs", "integer", "Number of epochs", 5, 1, 100_000, visible_when=LEARNED),
        Param("max_vocabulary", "integer", "Maximum vocabulary size", 10_000, 10, 10_000_000),
        Param("min_count", "integer", "Minimum word count", 5, 1),
        seed_param(visible_when=LEARNED),
    ],
    summary="{strategy}, {size} numbers a word",
    doc="Learn from texts a vector of numbers for each word, so that words used alike lie near "
    "each other (gensim), or look the words up in GloVe vectors of your own. Words are what "
    "stands between blanks: clean the texts with Preprocess Text before.",
    schema=_vectors,
    requires=["gensim"],
    extra="Install: pip install gensim (make run OFFICINA_EXTRAS=1 does so)",
)  # fmt: skip
def convert_word_to_vector(ctx: Context) -> None:
    """Learn or look up a vector for each word."""
    embeddings.convert(ctx)
