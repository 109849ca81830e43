"""Saved networks have their own weights, also if an earlier network of the same kind was saved."""

import mlflow
import pytest
import torch
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from ablations.tracking import models
from wikiart.learning.network import Network


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Three networks of two kinds, and the folders of their models."""
    networks = []
    for number, conv_layers in enumerate((3, 1, 3)):
        torch.manual_seed(number)
        network = Network(conv_layers, 0.1 * number, 24, 5).eval()
        folder = tmp_path_factory.mktemp("model") / "saved"
        models.save(network, folder, 24, "stretch")
        networks.append((network, folder))
    return networks


def test_a_loaded_network_gives_the_outputs_of_the_saved_one(saved):
    pixels = 255 * torch.rand(3, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    for network, folder in saved:
        loaded = mlflow.pytorch.load_model(str(folder))
        assert torch.allclose(loaded(pixels), network(pixels), atol=1e-5)


def test_all_models_have_the_same_files(saved):
    names = [sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) for _, folder in saved]
    assert names[0] == names[1] == names[2]


def test_an_uploaded_copy_has_the_weights_and_shares_them_where_a_disk_allows_it(saved, tmp_path):
    [(_, folder), *_] = saved
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    uploaded = [tmp_path / "one", tmp_path / "other"]
    for number, target in enumerate(uploaded):
        copy = tmp_path / f"copy-{number}"
        models.copy(folder, copy)
        models.stamp(copy, run_id=f"{number}", model_id=f"m-{number}", reading={"classes": list("abcde")})
        LocalArtifactRepository(target.as_uri()).log_artifacts(str(copy))
    files = [target / models.WEIGHTS for target in uploaded]
    assert all(file.is_file() and not file.is_symlink() for file in files)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    on_another_disk = tmp_path / "unreachable"
    models.share_weights(uploaded[1].as_uri(), [on_another_disk, uploaded[0].as_uri()])
    assert files[1].samefile(files[0])
    models.share_weights(uploaded[0].as_uri(), [folder])
    assert files[0].samefile(folder / models.WEIGHTS)
    models.share_weights("mlflow-artifacts:/1/models/m-1/artifacts", [folder])  # a server keeps its own
