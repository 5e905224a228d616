"""Open data sets under the names of `azureml.opendatasets`, as far as they come along without a network.

from officina.opendatasets import Diabetes
frame = Diabetes.get_tabular_dataset().to_pandas_dataframe()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.errors import StudioError

if TYPE_CHECKING:
    import pandas

# What azureml.opendatasets has beside: it is fetched from Microsoft's servers, and none of it is in scikit-learn.
_ELSEWHERE = frozenset(
    ("BingCOVID19Data", "BostonSafety", "COVID19OpenResearch", "COVIDTrackingProject", "ChicagoSafety",
     "EcdcCOVIDCases", "MNIST", "NoaaGfsWeather", "NoaaIsdWeather", "NycSafety",
     "NycTlcFhv", "NycTlcGreen", "NycTlcYellow", "OjSalesSimulated", "PublicHolidays",
     "PublicHolidaysOffline", "SanFranciscoSafety", "SeattleSafety", "UsLaborCPI", "UsLaborCPS",
     "UsLaborEHENational", "UsLaborEHEState", "UsLaborLAUS", "UsLaborPPICommodity",
     "UsLaborPPIIndustry", "UsPopulationCounty", "UsPopulationZip")
)  # fmt: skip


class TabularDataset:
    """A table that is read when it is asked for."""

    def __init__(self, loader: str, *, rows: int | None = None) -> None:
        self._loader = loader
        self._rows = rows

    def take(self, count: int) -> TabularDataset:
        """Return the first rows."""
        least = count if self._rows is None else min(count, self._rows)
        return TabularDataset(self._loader, rows=least)

    def to_pandas_dataframe(self) -> pandas.DataFrame:
        """Return the rows as a data frame."""
        import sklearn.datasets

        more = {"scaled": False} if self._loader == "load_diabetes" else {}
        frame = getattr(sklearn.datasets, self._loader)(as_frame=True, **more).frame
        if self._loader == "load_diabetes":
            # Azure's columns and units.
            frame = frame.rename(columns={"target": "Y"}).rename(columns=str.upper)
            frame = frame.astype(dict.fromkeys(("AGE", "SEX", "S1", "S6", "Y"), "int64"))
        found: pandas.DataFrame = frame if self._rows is None else frame.head(self._rows)
        return found


class _Open:
    _loader = ""

    @classmethod
    def get_tabular_dataset(cls) -> TabularDataset:
        """Return the data set."""
        return TabularDataset(cls._loader)

    def to_pandas_dataframe(self) -> pandas.DataFrame:
        """Return its rows as a data frame."""
        return self.get_tabular_dataset().to_pandas_dataframe()


class Diabetes(_Open):
    """Diabetes after a year: 442 patients, ten measures and the disease's progress `Y`."""

    _loader = "load_diabetes"


class Iris(_Open):
    """150 iris flowers of three kinds; scikit-learn's, Azure has none."""

    _loader = "load_iris"


class Wine(_Open):
    """178 wines of three growers by their chemistry; scikit-learn's, Azure has none."""

    _loader = "load_wine"


class BreastCancer(_Open):
    """569 breast cancer cells; scikit-learn's, Azure has none."""

    _loader = "load_breast_cancer"


__all__ = ["BreastCancer", "Diabetes", "Iris", "TabularDataset", "Wine"]


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        raise StudioError(
            f"{name} is fetched from Microsoft's servers; only {', '.join(sorted(_BUNDLED))} come along.",
            where="opendatasets", code="unavailable",
            hint="Bring its files in with `officina data import`, then use the data asset.",
        )  # fmt: skip
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_BUNDLED = ("Diabetes", "Iris", "Wine", "BreastCancer")
