"""The subject: paintings, networks, training, evaluation. Knows nothing of MLflow or of ablations."""
