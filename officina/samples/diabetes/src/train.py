"""Step 2: fit a line, measure it on rows it has not seen, and draw it."""

import argparse
import json
from pathlib import Path

import joblib
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn import linear_model
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

from officina.tracking import Run

parser = argparse.ArgumentParser()
parser.add_argument("--data_X", required=True)
parser.add_argument("--data_y", required=True)
parser.add_argument("--model_dir", type=Path, required=True)
parser.add_argument("--model_name", default="model.pkl")
parser.add_argument("--test_size", type=float, default=0.2)
args = parser.parse_args()

run = Run.get_context()
run.log_param("test_size", args.test_size)

X = np.loadtxt(args.data_X, delimiter=",", skiprows=1, ndmin=2)
y = np.loadtxt(args.data_y, delimiter=",", skiprows=1)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=args.test_size, random_state=0)

model = linear_model.LinearRegression()
model.fit(X_train, y_train)
y_pred = model.predict(X_test)

mse = mean_squared_error(y_test, y_pred)
r2 = r2_score(y_test, y_pred)
print(f"Mean squared error: {mse}")
print(f"Coefficient of determination: {r2}")
run.log("mse", mse)
run.log("r2", r2)

plt.scatter(X_test, y_test, color="black", label="measured")
plt.plot(X_test, y_pred, color="blue", linewidth=3, label="predicted")
plt.xlabel("Body mass index (scaled)")
plt.ylabel("Progression after one year")
plt.legend()
Path("outputs").mkdir(exist_ok=True)
plt.savefig("outputs/fig.png")
run.log_image("fig.png", path="outputs/fig.png")

args.model_dir.mkdir(parents=True, exist_ok=True)
joblib.dump(model, args.model_dir / args.model_name)
(args.model_dir / "metrics.json").write_text(json.dumps({"mse": mse, "r2": r2}))
