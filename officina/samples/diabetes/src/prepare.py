"""Step 1: load the diabetes data and keep one feature, the body mass index."""

import argparse

import numpy as np
from sklearn import datasets

BMI = 2

parser = argparse.ArgumentParser()
parser.add_argument("--data_X", required=True, help="where to write the feature")
parser.add_argument("--data_y", required=True, help="where to write the target")
args = parser.parse_args()

X, y = datasets.load_diabetes(return_X_y=True)
X = X[:, np.newaxis, BMI]
print(f"{len(X)} rows, feature: body mass index")

# Seventeen digits bring back exactly the same numbers.
np.savetxt(args.data_X, X, fmt="%.17g", delimiter=",", header="bmi", comments="")
np.savetxt(args.data_y, y, fmt="%.17g", delimiter=",", header="progression", comments="")
