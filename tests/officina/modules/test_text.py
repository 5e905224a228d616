from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import LatentDirichletAllocation
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.preprocessing import normalize

from officina.errors import StudioError
from officina.modules.tables import read_dataset

FILMS = [
    "a good film with a good story",
    "a bad film",
    "good actors and a good story",
    "the story is bad, the actors are bad",
]


@pytest.fixture
def films():
    return pd.DataFrame({"text": FILMS, "stars": [5, 1, 4, 1]})


def grams(bench, data, vocabulary=None, **params):
    more = {} if vocabulary is None else {"vocabulary": vocabulary}
    given = {"column": "text", "min_documents": 2, **params}
    return bench.run("extract_n_gram_features_from_text", given, dataset=data, **more)


@pytest.mark.parametrize("weighting", ["binary", "tf", "idf", "tf_idf"])
def test_n_grams_are_counted_and_weighted_as_documented(bench, films, weighting):
    outputs = grams(bench, films, n=2, weighting=weighting)
    found = read_dataset(outputs["results"])[0]
    vocabulary = read_dataset(outputs["result_vocabulary"])[0]
    own = CountVectorizer(token_pattern=r"\b\w{3,25}\b", ngram_range=(1, 2), min_df=2)
    counts = own.fit_transform(FILMS).toarray()
    assert vocabulary["NGram"].tolist() == own.get_feature_names_out().tolist()
    assert "good story" in set(vocabulary["NGram"])
    documents = (counts > 0).sum(axis=0)
    assert vocabulary["DF"].tolist() == documents.tolist()
    idf = np.log(4 / documents)
    np.testing.assert_allclose(vocabulary["IDF"], idf)
    expected = {
        "binary": counts > 0,
        "tf": counts,
        "idf": (counts > 0) * idf,
        "tf_idf": counts * idf,
    }[weighting]
    names = [f"text.[{gram}]" for gram in vocabulary["NGram"]]
    assert list(found.columns) == ["text", "stars", *names]
    np.testing.assert_allclose(found[names], expected)


def test_new_texts_are_treated_by_the_given_vocabulary(bench, films):
    first = grams(bench, films, n=2, weighting="tf_idf", normalize=True)
    new = pd.DataFrame({"text": ["a GOOD story of love", None]})
    outputs = grams(
        bench, new, first["result_vocabulary"], mode="read_only", weighting="tf_idf",
        normalize=True,
    )  # fmt: skip
    found = read_dataset(outputs["results"])[0]
    vocabulary = read_dataset(first["result_vocabulary"])[0].set_index("NGram")
    there = ["good", "good story", "story"]
    weights = normalize([vocabulary.loc[there, "IDF"]])[0]
    np.testing.assert_allclose(found.loc[0, [f"text.[{gram}]" for gram in there]], weights)
    assert found.iloc[1, 1:].eq(0).all()
    assert len(found.columns) == 1 + len(vocabulary)


def test_a_vocabulary_is_needed_to_read_from_it(bench, films):
    with pytest.raises(StudioError, match="Error 0003") as caught:
        grams(bench, films, mode="read_only")
    assert caught.value.where == "vocabulary"
    with pytest.raises(StudioError, match="Error 0001"):
        grams(bench, films, films, mode="read_only")


@pytest.mark.parametrize(
    ("params", "number"),
    [
        ({"min_documents": 5}, "0018"),
        ({"column": "stars"}, "0018"),
        ({"min_length": 9, "max_length": 2}, "0005"),
    ],
)
def test_n_grams_that_cannot_be_made_are_numbered_errors(bench, films, params, number):
    with pytest.raises(StudioError, match=f"Error {number}"):
        grams(bench, films, **params)


def test_hashes_are_scikit_learns(bench, films):
    found = bench.table("feature_hashing", {"columns": ["text"], "bits": 5, "n": 2}, dataset=films)
    own = HashingVectorizer(n_features=32, ngram_range=(1, 2), alternate_sign=False, norm=None)
    names = [f"text_HashingFeature.{place}" for place in range(32)]
    assert list(found.columns) == ["text", "stars", *names]
    np.testing.assert_allclose(found[names], own.transform(FILMS).toarray())


def test_a_table_too_wide_is_refused_before_it_is_made(bench, films):
    with pytest.raises(StudioError, match="Error 0006") as caught:
        bench.table("feature_hashing", {"columns": ["text"], "bits": 20}, dataset=films)
    assert caught.value.where == "bits"


OFF = dict.fromkeys(
    [
        "remove_stop_words", "lemmas", "sentences", "lower", "numbers", "special", "duplicates",
        "emails", "urls", "contractions", "slashes", "split",
    ],
    False,
)  # fmt: skip


def clean(bench, text, stop_words=None, **params):
    data = pd.DataFrame({"text": [text]})
    more = {} if stop_words is None else {"stop_words": pd.DataFrame({"word": stop_words})}
    found = bench.table("preprocess_text", {"column": "text", **params}, dataset=data, **more)
    assert list(found.columns) == ["text", "Preprocessed text"]
    return found["Preprocessed text"][0]


@pytest.mark.parametrize(
    ("switch", "text", "expected"),
    [
        ("remove_stop_words", "this is the best of all films", "best films"),
        ("lemmas", "mice were running", "mouse be run"),
        ("sentences", "It works. Does it? Yes!", "It works. ||| Does it? ||| Yes!"),
        ("lower", "LoUd ÄÖÜ", "loud äöü"),
        ("numbers", "in 2026 we paid 1,200.50 for b2b", "in we paid for b2b"),
        ("special", "well-done, (really)!", "welldone really"),
        ("duplicates", "sooooo goood !!!!", "soo good !!"),
        ("emails", "write to a.b+c@mail.example.org now", "write to now"),
        ("urls", "see https://x.org/a?b=1 or www.y.net/z ok", "see or ok"),
        ("contractions", "it's not what they'd do, can't won\u2019t wouldn't", None),
        ("slashes", r"a\b", "a/b"),
        ("split", "MS---WORD a&b", "MS - WORD a & b"),
    ],
)
def test_each_switch_does_its_own_step(bench, switch, text, expected):
    if expected is None:
        expected = "it is not what they would do, cannot will not would not"
    assert clean(bench, text, **(OFF | {switch: True})) == expected
    assert clean(bench, text, **OFF) == text


def test_the_custom_expression_comes_first(bench):
    params = OFF | {"lower": True, "pattern": r"Film(s?)", "replacement": r"Movie\1"}
    assert clean(bench, "Films of a film", **params) == "movies of a film"
    with pytest.raises(StudioError, match="Error 0002") as caught:
        clean(bench, "x", pattern="(")
    assert caught.value.where == "pattern"


def test_all_steps_together_give_plain_words(bench):
    text = "I wouldn't go! The films were GREAAAAT: 10/10, see http://x.org, mail me@x.org."
    assert clean(bench, text) == "||| film greaat mail"


def test_own_stop_words_take_the_place_of_the_list(bench):
    params = OFF | {"remove_stop_words": True}
    assert clean(bench, "the Best of films", stop_words=["best"], **params) == "the of films"


LDA = {"columns": ["text"], "topics": 2, "n": 1, "random_seed": 4, "iterations": 5}


def test_topics_are_scikit_learns(bench, films):
    outputs = bench.run("latent_dirichlet_allocation", LDA, dataset=films)
    found = read_dataset(outputs["transformed"])[0]
    counter = CountVectorizer()
    own = LatentDirichletAllocation(
        2, doc_topic_prior=0.01, topic_word_prior=0.01, learning_method="online",
        learning_offset=1, learning_decay=0.5, max_iter=5, batch_size=32, total_samples=1000,
        random_state=4,
    )  # fmt: skip
    expected = own.fit(counter.fit_transform(FILMS)).transform(counter.transform(FILMS))
    np.testing.assert_allclose(found[["Topic 1", "Topic 2"]], expected)
    matrix = read_dataset(outputs["topic_matrix"])[0]
    assert matrix["Feature"].tolist() == counter.get_feature_names_out().tolist()
    np.testing.assert_allclose(matrix["Topic 2"], own.components_[1])
    again = bench.table("apply_transformation", transform=outputs["transform"], dataset=films)
    pd.testing.assert_frame_equal(again, found)


def test_topics_that_are_not_normalized_add_up_to_the_words(bench, films):
    found = bench.table(
        "latent_dirichlet_allocation", LDA | {"normalize": False, "dictionary": False},
        dataset=films,
    )  # fmt: skip
    words = [len(CountVectorizer().fit([text]).vocabulary_) for text in FILMS[:2]]
    totals = found[["Topic 1", "Topic 2"]].sum(axis=1)
    assert totals[1] == pytest.approx(words[1] + 2 * 0.01)


def test_texts_without_words_have_no_topics(bench):
    with pytest.raises(StudioError, match="Error 0018"):
        bench.run("latent_dirichlet_allocation", LDA, dataset=pd.DataFrame({"text": ["", "?"]}))


def vectors(bench, data, **params):
    given = {"column": "text", "size": 8, "min_count": 2, "random_seed": 1, **params}
    glove = given.pop("file", None)
    more = {"glove": glove} if glove else {}
    return bench.table("convert_word_to_vector", given, dataset=data, **more)


@pytest.mark.parametrize("strategy", ["word2vec", "fasttext"])
@pytest.mark.parametrize("algorithm", ["skip_gram", "cbow"])
def test_words_that_are_common_get_a_vector(bench, films, strategy, algorithm):
    found = vectors(bench, films, strategy=strategy, algorithm=algorithm)
    common = pd.Series(" ".join(FILMS).split()).value_counts()
    assert set(found["Vocabulary"]) == set(common[common >= 2].index)
    assert found.shape[1] == 9
    again = vectors(bench, films, strategy=strategy, algorithm=algorithm)
    pd.testing.assert_frame_equal(found, again)


def test_word2vec_is_gensims(bench):
    gensim = pytest.importorskip("gensim")
    data = pd.DataFrame({"text": FILMS * 20})
    found = vectors(bench, data, epochs=3, window=2).set_index("Vocabulary")
    own = gensim.models.Word2Vec(
        [text.split() for text in data["text"]], vector_size=8, window=2, epochs=3, min_count=2,
        sg=1, seed=1, workers=1,
    )  # fmt: skip
    np.testing.assert_allclose(found.loc["good"], own.wv["good"], rtol=1e-5)


def test_glove_vectors_come_from_ones_own_file(bench, films, tmp_path):
    folder = tmp_path / "glove"
    folder.mkdir()
    (folder / "my.6B.txt").write_text("good 1 2\nfilm 3 4\nunseen 5 6\n")
    found = vectors(bench, films, strategy="glove", file=folder)
    assert found.to_dict("list") == {
        "Vocabulary": ["good", "film"],
        "Embedding dim 0": [1, 3],
        "Embedding dim 1": [2, 4],
    }
    with pytest.raises(StudioError, match="Error 0003") as caught:
        vectors(bench, films, strategy="glove")
    assert caught.value.where == "glove"
    (folder / "my.6B.txt").write_text("good 1 x\n")
    with pytest.raises(StudioError, match="Error 0018"):
        vectors(bench, films, strategy="glove", file=folder)


def test_rare_words_alone_are_a_numbered_error(bench, films):
    with pytest.raises(StudioError, match="Error 0003") as caught:
        vectors(bench, films, min_count=50)
    assert caught.value.where == "min_count"
