"""Saved networks have their own weights, also if an earlier network of the same kind was saved."""

import mlflow
import pytest
import torch

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
