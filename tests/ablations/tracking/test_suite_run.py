"""The description of a suite on its run."""

import pytest

from ablations.design.designs import SuiteDescription
from ablations.tracking.suite_run import command_line

LAUNCHED = {"mlflow.project.entryPoint": "smote"}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, "python -m ablations.smote --data 'my paintings' --batch-size 8"),
        (LAUNCHED, "mlflow run . -e smote --env-manager local -P data='my paintings' -P batch_size=8"),
        (
            {**LAUNCHED, "mlflow.project.env": "conda"},
            "mlflow run . -e smote -P data='my paintings' -P batch_size=8",
        ),
        (
            {**LAUNCHED, "mlflow.project.env": "uv"},
            "mlflow run . -e smote --env-manager uv -P data='my paintings' -P batch_size=8",
        ),
    ],
)
def test_the_command_is_the_one_that_started_the_suite(tags, expected):
    description = SuiteDescription("Text.", "smote", {"data": "my paintings", "batch_size": "8"})
    assert command_line(description, tags) == expected
