"""Estimators that scikit-learn lacks, in its own conventions: they are cloned and pickled alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import RandomForestRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted, validate_data

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELLS = 5_000_000  # of a block of weights, rows scored at once x rows trained on


class _Network:
    """A perceptron whose first weights are drawn from an interval of a given width."""

    initial_diameter: float
    _random_state: np.random.RandomState

    def fit(self, X: Any, y: Any) -> Any:
        """Fit by steps of 32 rows, or more where there are so many that it would take hours."""
        self.batch_size = int(np.clip(len(X) // 50, 32, 200))
        return super().fit(X, y)  # type: ignore[misc]

    def _init_coef(self, fan_in: int, fan_out: int, dtype: Any) -> tuple[Any, Any]:
        half = self.initial_diameter / 2
        draw = self._random_state.uniform
        weights = draw(-half, half, (fan_in, fan_out)).astype(dtype, copy=False)
        return weights, draw(-half, half, fan_out).astype(dtype, copy=False)


def _sgd_options(max_iter: int) -> dict[str, Any]:
    """Plain gradient descent for as many rounds as asked for, without stopping early."""
    return {
        "solver": "sgd",
        "alpha": 0.0,
        "n_iter_no_change": max_iter + 1,
        "tol": 0.0,
        "nesterovs_momentum": False,
        "max_iter": max_iter,
    }


class NetworkRegressor(_Network, MLPRegressor):  # type: ignore[misc]
    """A one-layer network for a number."""

    def __init__(
        self,
        *,
        initial_diameter: float = 0.1,
        hidden_layer_sizes: tuple[int, ...] = (100,),
        learning_rate_init: float = 0.005,
        max_iter: int = 100,
        momentum: float = 0.0,
        shuffle: bool = True,
        random_state: int | None = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            learning_rate_init=learning_rate_init,
            momentum=momentum,
            shuffle=shuffle,
            random_state=random_state,
            verbose=verbose,
            **_sgd_options(max_iter),
        )
        self.initial_diameter = initial_diameter


class NetworkClassifier(_Network, MLPClassifier):  # type: ignore[misc]
    """A one-layer network for classes."""

    def __init__(
        self,
        *,
        initial_diameter: float = 0.1,
        hidden_layer_sizes: tuple[int, ...] = (100,),
        learning_rate_init: float = 0.1,
        max_iter: int = 100,
        momentum: float = 0.0,
        shuffle: bool = True,
        random_state: int | None = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            learning_rate_init=learning_rate_init,
            momentum=momentum,
            shuffle=shuffle,
            random_state=random_state,
            verbose=verbose,
            **_sgd_options(max_iter),
        )
        self.initial_diameter = initial_diameter


class QuantileForest(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A random forest that predicts quantiles, from the labels in the leaves of a row."""

    def __init__(
        self,
        *,
        quantiles: tuple[float, ...] = (0.25, 0.5, 0.75),
        n_estimators: int = 100,
        max_leaf_nodes: int = 20,
        min_samples_leaf: int = 10,
        max_samples: float = 0.7,
        max_features: float = 0.49,
        random_state: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.quantiles = quantiles
        self.n_estimators = n_estimators
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.max_samples = max_samples
        self.max_features = max_features
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> QuantileForest:
        """Grow the forest, and keep which labels fell into which leaf."""
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        self.forest_ = RandomForestRegressor(
            n_estimators=self.n_estimators,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            max_samples=self.max_samples,
            max_features=self.max_features,
            random_state=self.random_state,
            verbose=self.verbose,
        ).fit(X, y)
        self.forest_.verbose = 0
        order = np.argsort(y, kind="stable")
        self.labels_ = y[order]
        starts = np.cumsum([0] + [tree.tree_.node_count for tree in self.forest_.estimators_])
        self.starts_ = starts
        members = self._leaves(X[order])
        sizes = np.asarray(members.sum(axis=0)).ravel()
        scale = sparse.diags(1 / np.maximum(sizes, 1) / self.n_estimators)
        self.shares_ = (members @ scale).T.tocsr()  # leaf x label, of the sorted labels
        return self

    def predict_quantiles(self, X: Any) -> NDArray[np.float64]:
        """Return one column for each quantile."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        found = np.empty((len(X), len(self.quantiles)))
        step = max(1, CELLS // len(self.labels_))
        for begin in range(0, len(X), step):
            leaves = self._leaves(X[begin : begin + step])
            shares = np.cumsum((leaves @ self.shares_).toarray(), axis=1)
            for place, quantile in enumerate(self.quantiles):
                # The smallest label with that share at or below it, whatever rounding says.
                index = (shares < quantile - 1e-12).sum(axis=1)
                found[begin : begin + step, place] = self.labels_[
                    np.minimum(index, len(self.labels_) - 1)
                ]
        return found

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return the quantile nearest to the median."""
        middle = int(np.argmin(np.abs(np.asarray(self.quantiles) - 0.5)))
        return np.asarray(self.predict_quantiles(X)[:, middle])

    def _leaves(self, X: NDArray[np.float64]) -> Any:
        """Return a sparse table, rows x all leaves, with a 1 for each leaf that a row is in."""
        places = self.forest_.apply(X) + self.starts_[:-1]
        rows = np.repeat(np.arange(len(X)), places.shape[1])
        ones = np.ones(places.size)
        shape = (len(X), int(self.starts_[-1]))
        return sparse.csr_matrix((ones, (rows, places.ravel())), shape=shape)


class PcaAnomaly(BaseEstimator):  # type: ignore[misc]
    """Tells how far rows lie off the plane of the principal components."""

    def __init__(
        self,
        *,
        n_components: int = 2,
        n_oversamples: int = 2,
        normalize: bool = True,
        random_state: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.n_oversamples = n_oversamples
        self.normalize = normalize
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> PcaAnomaly:
        """Fit the plane; the error that 5 of 100 training rows exceed becomes the threshold."""
        X = validate_data(self, X, dtype=np.float64)
        most = min(X.shape) - (0 if self.normalize else 1)
        if self.n_components > most:
            raise ValueError(f"{self.n_components} components of data that allow {max(most, 0)}")
        options = {"n_oversamples": self.n_oversamples, "random_state": self.random_state}
        if self.normalize:
            self.plane_ = PCA(self.n_components, svd_solver="randomized", **options).fit(X)
        else:
            self.plane_ = TruncatedSVD(self.n_components, **options).fit(X)
        errors = self.errors(X)
        # Of data that lie in the plane exactly, only rounding is left; nothing there is odd.
        least = 1e-9 * max(1.0, float((X**2).sum(axis=1).mean()))
        self.threshold_ = max(float(np.quantile(errors, 0.95)), least)
        return self

    def errors(self, X: Any) -> NDArray[np.float64]:
        """Return the squared distance of each row from the plane."""
        X = validate_data(self, X, dtype=np.float64, reset=False)
        back = self.plane_.inverse_transform(self.plane_.transform(X))
        return np.asarray(((X - back) ** 2).sum(axis=1))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the normalized error: 0.5 at the threshold, towards 1 far off."""
        errors = self.errors(X)
        odd = errors / (errors + self.threshold_)
        return np.column_stack([1 - odd, odd])

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Return 1 for the rows beyond the threshold, else 0."""
        return (self.predict_proba(X)[:, 1] > 0.5).astype(np.int64)


def first_rows(X: Any, n_clusters: int, random_state: Any) -> Any:
    """Start k-means from the first rows of the data."""
    return np.array(X[:n_clusters])  # a copy: k-means moves the centres in place
