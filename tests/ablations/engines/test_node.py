"""A node of a cluster: files of styles and counts are sent to it, since its disk does not have them."""

from pathlib import Path

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install -r requirements-ray.txt")

from ablations.design.trainings import Training
from ablations.engines.node import Origin, with_level_file
from ablations.engines.worker import Job
from ablations.tracking.destination import Destination
from wikiart.learning.config import TrainingConfig
from wikiart.smote.levels import planned_counts
from wikiart.smote.spelling import level_file


@pytest.mark.parametrize("prefix", ["", "copy:"])
def test_a_file_of_counts_is_written_on_the_node(tmp_path, monkeypatch, prefix):
    counts = tmp_path / "counts.yaml"
    counts.write_text("Amber: 7\n")
    level = f"{prefix}{counts}"
    origin = Origin.of("a node", {"off", "copy:400", level})
    assert origin.level_files == {level: "Amber: 7\n"}

    counts.unlink()
    config = TrainingConfig.model_construct(smote=level)
    training = Training("a training", "fingerprint", config, (), Path("store"), "digest")
    job = Job(training, Destination("uri", "experiment", "parent"), "cpu", 0)
    monkeypatch.setenv("WIKIART_CACHE", str(tmp_path / "cache"))
    written = with_level_file(job, origin.level_files[level]).training.config.smote
    assert written.startswith(f"{prefix}{tmp_path / 'cache'}")
    assert level_file(written).suffix == ".yaml"
    assert planned_counts(written, [0, 0, 1], ["Amber", "Blue"]) == {0: 7, 1: 1}
