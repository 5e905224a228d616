"""Step 3: register the trained model, tagged with its error."""

import argparse
import json
from pathlib import Path

from officina.tracking import Run

parser = argparse.ArgumentParser()
parser.add_argument("--model_dir", type=Path, required=True)
parser.add_argument("--model_name", default="diabetes")
args = parser.parse_args()

metrics = json.loads((args.model_dir / "metrics.json").read_text())
Run.get_context().register_model(
    args.model_name,
    args.model_dir,
    description="A straight line from body mass index to the progression of diabetes.",
    tags={"mse": metrics["mse"], "r2": metrics["r2"]},
)
print(f"Registered {args.model_name}: mse {metrics['mse']}, r2 {metrics['r2']}")
