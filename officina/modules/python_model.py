"""Palette category Python Language: Create Python Model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from officina.catalogue import Param, module
from officina.lazy import lazy
from officina.modules.parameters import OUTPUT, save_untrained

if TYPE_CHECKING:
    from officina.modules import scripted
    from officina.modules.context import Context
else:
    scripted = lazy("officina.modules.scripted")

SCRIPT = """\
# The script must define a class named AzureMLModel.
# __init__ is called once, in Create Python Model; what it and train set is kept.
import pandas as pd
from sklearn.naive_bayes import GaussianNB


class AzureMLModel:
    def __init__(self):
        self.model = GaussianNB()
        self.columns = []

    # df_train: a pandas.DataFrame of the features; df_label: a pandas.Series
    def train(self, df_train, df_label):
        self.columns = df_train.columns.tolist()
        self.model.fit(df_train, df_label)

    # Must return a pandas.DataFrame with a row for each row of df
    def predict(self, df):
        return pd.DataFrame(
            {
                "Scored Labels": self.model.predict(df[self.columns]),
                "probabilities": self.model.predict_proba(df[self.columns])[:, 1],
            }
        )
"""


@module(
    name="create_python_model",
    title="Create Python Model",
    category="Python Language",
    outputs=[OUTPUT],
    params=[Param("script", "code", "Python script", SCRIPT)],
    summary="",
    doc="A learner of your own: a script with the class AzureMLModel and its methods "
    "train(df_train, df_label) and predict(df). For Train Model and Score Model; it has no ranges "
    "to tune. Score Model adds the columns that predict returns; before Evaluate Model name them "
    "as it expects, for example Binary Class Scored Labels, with Edit Metadata.",
)
def create_python_model(ctx: Context) -> None:
    """Make an untrained model of the script's class."""
    meta = {
        "kind": "untrained",
        "task": "python",
        "algorithm": ctx.component.name,
        "title": ctx.component.title,
        "params": dict(ctx.params),
        "grid": {},
        "seed": None,
    }
    save_untrained(ctx, scripted.ScriptedModel(ctx.params["script"]), meta)
