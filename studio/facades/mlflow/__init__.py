"""The MLflow REST protocol over our own runs, experiments, models and artifacts."""
