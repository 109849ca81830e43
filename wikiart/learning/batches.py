"""Real images and mixtures of two of them, read as batches: a synthetic image exists while its batch does."""

import numpy as np
import torch

from wikiart.smote.recipes import Recipes

SPARE = 0.5  #: share of a GPU's free memory that images may take; the rest is for training


class Mixtures:
    """Real images followed by synthetic ones, which are ``first + weight * (second - first)``.

    On a GPU the images are kept there as uint8 if they fit, and batches are made there.

    Parameters
    ----------
    images : uint8 array (n, size, size, 3)
        May be a memory map; on the CPU only the rows of a batch are read.
    labels : int array (n,)
    recipes : Recipes
    device : str
        A torch device.

    Attributes
    ----------
    blend_all : bool
        Do not look which images of a batch are synthetic: a GPU's processor would have to wait
        for the answer. Default: on a GPU.
    on_gpu : bool
        The images lie on a GPU, with room to spare, and nothing travels there for a batch.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, recipes: Recipes, device: str):
        self.device = torch.device(device)
        self.blend_all = self.device.type == "cuda"
        self._images = torch.from_numpy(images)
        self.on_gpu = _fits(images, self.device)
        if self.on_gpu:
            self._images = self._images.to(self.device)
        self._labels = self._kept(np.concatenate([labels, recipes.labels]).astype(np.int64))
        own = np.arange(len(labels))
        nothing = np.zeros(len(labels), np.float32)
        self._mixed = len(recipes.labels) > 0
        self._first = self._kept(np.concatenate([own, recipes.first]))
        self._second = self._kept(np.concatenate([own, recipes.second]))
        self._weight = self._kept(np.concatenate([nothing, recipes.weight]).astype(np.float32))

    def _kept(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(self.device)

    def __len__(self) -> int:
        return len(self._labels)

    def batch(self, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Pixels float32 (b, 3, size, size) in 0..255, channels last in memory, and labels (b,).

        With ``blend_all`` every image is blended, a real one with itself.
        """
        index = index.to(self.device)
        pixels = self._pixels(self._first[index])
        if self._mixed:
            mixed = slice(None) if self.blend_all else self._weight[index].nonzero().squeeze(1)
            weight = self._weight[index[mixed]].view(-1, 1, 1, 1)
            second = self._pixels(self._second[index[mixed]])
            pixels[mixed] = torch.lerp(pixels[mixed], second, weight)
        return pixels.permute(0, 3, 1, 2), self._labels[index]

    def _pixels(self, rows: torch.Tensor) -> torch.Tensor:
        return self._images[rows.to(self._images.device)].to(self.device).float()


def _fits(images: np.ndarray, device: torch.device) -> bool:
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return images.nbytes <= SPARE * free
