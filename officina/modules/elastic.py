"""Linear learners with L1 and L2 penalties, solved by L-BFGS."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize, special
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.utils.validation import validate_data

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Loss = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]


def minimize_elastic(
    loss: Loss,
    start: NDArray[np.float64],
    penalized: NDArray[np.bool_],
    *,
    l1: float,
    l2: float,
    tol: float,
    max_iter: int,
    memory_size: int,
    verbose: int = 0,
) -> tuple[NDArray[np.float64], int]:
    """Minimize loss(w) + l1 |w| + l2/2 w^2 over the penalized weights; return w and iterations.

    A weight is the difference of two that are not negative, so that the penalty is smooth and
    L-BFGS with bounds finds exact zeros. That is far faster than coordinate or stochastic steps.
    """
    size = len(start)
    done = 0

    def count(_: object) -> None:
        nonlocal done
        done += 1
        if verbose:
            sys.stdout.write(f"Iteration {done}\n")

    found = optimize.minimize(
        _in_halves(loss, penalized, l1, l2),
        _halves(start, penalized),
        jac=True,
        method="L-BFGS-B",
        bounds=_bounds(penalized),
        callback=count,
        options={
            "maxiter": max_iter,
            "maxfun": 20 * max_iter,
            "maxcor": memory_size,
            "gtol": tol,
            "ftol": 64 * np.finfo(float).eps,
            "maxls": 50,
        },
    )
    if not found.success and done >= max_iter:
        warnings.warn(f"{max_iter} iterations were not enough", ConvergenceWarning, stacklevel=3)
    return found.x[:size] - found.x[size:], done


def _halves(weights: NDArray[np.float64], penalized: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Part weights into what is above and what is below 0; those without penalty stay whole."""
    above = np.where(penalized, np.maximum(weights, 0), weights)
    return np.concatenate([above, above - weights])


def _bounds(penalized: NDArray[np.bool_]) -> list[tuple[float | None, float | None]]:
    """A weight without penalty has one half only, free of bounds."""
    above: list[tuple[float | None, float | None]]
    above = [(0.0, None) if held else (None, None) for held in penalized]
    return above + [(0.0, None) if held else (0.0, 0.0) for held in penalized]


def _in_halves(loss: Loss, penalized: NDArray[np.bool_], l1: float, l2: float) -> Loss:
    """Return the penalized loss of weights given as two halves, the one minus the other."""
    size = len(penalized)
    pull = l1 * penalized

    def halved(both: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = both[:size] - both[size:]
        value, slope = loss(weights)
        slope = slope + l2 * weights * penalized
        value += l2 / 2 * float((weights[penalized] ** 2).sum())
        value += float((pull * (both[:size] + both[size:])).sum())
        return value, np.concatenate([slope + pull, -slope + pull])

    return halved


class ElasticLogistic(LogisticRegression):  # type: ignore[misc]
    """Logistic regression with L1 and L2 penalties, solved by L-BFGS; two or more classes."""

    def __init__(
        self,
        *,
        C: float = 1.0,
        l1_ratio: float = 0.5,
        tol: float = 1e-7,
        max_iter: int = 200,
        memory_size: int = 20,
        verbose: int = 0,
    ) -> None:
        super().__init__(C=C, l1_ratio=l1_ratio, tol=tol, max_iter=max_iter, verbose=verbose)
        self.memory_size = memory_size

    def fit(self, X: Any, y: Any) -> ElasticLogistic:
        """Fit the weights; the intercept is not penalized."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"one class only: {self.classes_[0]}")
        rows, features = X.shape
        count = 1 if len(self.classes_) == 2 else len(self.classes_)
        loss = (_binary_loss if count == 1 else _softmax_loss)(X, codes, count)
        penalized = np.ones((count, features + 1), dtype=bool)
        penalized[:, -1] = False
        weights, self.n_iter_ = minimize_elastic(
            loss,
            np.zeros(penalized.size),
            penalized.ravel(),
            l1=self.l1_ratio / self.C / rows,
            l2=(1 - self.l1_ratio) / self.C / rows,
            tol=self.tol,
            max_iter=self.max_iter,
            memory_size=self.memory_size,
            verbose=self.verbose,
        )
        weights = weights.reshape(count, features + 1)
        self.coef_, self.intercept_ = weights[:, :-1].copy(), weights[:, -1].copy()
        return self


def _binary_loss(X: NDArray[np.float64], codes: NDArray[np.int_], count: int) -> Loss:
    sign = np.where(codes == 1, 1.0, -1.0)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (X @ weights[:-1] + weights[-1])
        pull = -sign * special.expit(-margin) / len(sign)
        return float(np.logaddexp(0, -margin).mean()), np.append(pull @ X, pull.sum())

    return loss


def _softmax_loss(X: NDArray[np.float64], codes: NDArray[np.int_], count: int) -> Loss:
    rows = np.arange(len(codes))

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(count, -1)
        scores = X @ weights[:, :-1].T + weights[:, -1]
        logs = special.log_softmax(scores, axis=1)
        pull = np.exp(logs)
        pull[rows, codes] -= 1
        pull /= len(codes)
        slope = np.hstack([pull.T @ X, pull.sum(axis=0)[:, None]])
        return float(-logs[rows, codes].mean()), slope.ravel()

    return loss


class ElasticPoisson(PoissonRegressor):  # type: ignore[misc]
    """Poisson regression with L1 and L2 penalties on the summed loss."""

    def __init__(
        self,
        *,
        l1: float = 0.0,
        l2: float = 1.0,
        tol: float = 1e-7,
        max_iter: int = 500,
        memory_size: int = 20,
        verbose: int = 0,
    ) -> None:
        super().__init__(tol=tol, max_iter=max_iter, verbose=verbose)
        self.l1, self.l2, self.memory_size = l1, l2, memory_size

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> ElasticPoisson:
        """Fit the weights; without an L1 penalty as scikit-learn does."""
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        if y.min() < 0 or y.sum() == 0:
            raise ValueError("counts must not be negative, nor all zero")
        if not self.l1:
            self.alpha = self.l2 / len(y)
            super().fit(X, y)
            return self

        def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            line = X @ weights[:-1] + weights[-1]
            expected = np.exp(np.minimum(line, 500))  # a long first step must not overflow
            pull = (expected - y) / len(y)
            return float((expected - y * line).mean()), np.append(pull @ X, pull.sum())

        start = np.zeros(X.shape[1] + 1)
        start[-1] = np.log(y.mean())
        penalized = np.ones(len(start), dtype=bool)
        penalized[-1] = False
        weights, self.n_iter_ = minimize_elastic(
            loss,
            start,
            penalized,
            l1=self.l1 / len(y),
            l2=self.l2 / len(y),
            tol=self.tol,
            max_iter=self.max_iter,
            memory_size=self.memory_size,
            verbose=self.verbose,
        )
        self.coef_, self.intercept_ = weights[:-1].copy(), float(weights[-1])
        self._base_loss = self._get_loss()
        return self
