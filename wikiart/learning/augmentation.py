"""Random changes of the images of a batch, by torchvision's transforms."""

from collections.abc import Callable

import numpy as np
import torch

Transform = Callable[[torch.Tensor], torch.Tensor]  #: of one image (3, size, size)


class Augmentation:
    """Changes each image of a batch by itself, at random.

    The draws of a batch depend on the seed, the epoch and the number of the batch in it, and on nothing
    else: neither on the device nor on the random numbers of dropout and of the order, which stay as they are
    without augmentation. So a training that is restored between two epochs goes on as if it had not been
    interrupted.

    Parameters
    ----------
    kind : {"flip", "crop", "randaugment"}
        Of ``torchvision.transforms.v2``:

        - ``flip``: ``RandomHorizontalFlip()`` mirrors half of the images.
        - ``crop``: ``RandomCrop(size, padding=size // 8)`` shifts each image by up to an eighth of its side
          in both directions; what comes in is black (He et al. 2016, section 4.2, for CIFAR-10).
        - ``randaugment``: ``RandAugment()``, two of 14 changes of colour and geometry, each of magnitude 9
          of 30 (Cubuk et al. 2020). It works on whole numbers: blended images are rounded.
    image_size : int
        Side of the images, in pixels.
    seed : int
        Of the training.

    Raises
    ------
    ValueError
        Another kind.
    """

    def __init__(self, kind: str, image_size: int, seed: int):
        self._transform = _transform(kind, image_size)
        self._whole_numbers = kind == "randaugment"
        self._seed = seed
        self._batch_seeds = torch.Generator()
        self.start_epoch(1)

    def start_epoch(self, number: int) -> None:
        """Go to the draws of the first batch of an epoch."""
        mixed = np.random.SeedSequence([self._seed, number]).generate_state(1)
        self._batch_seeds.manual_seed(int(mixed[0]))

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the changed images of the next batch, with the channels last in memory.

        Parameters
        ----------
        pixels : uint8 or float tensor (b, 3, size, size)
            0..255, on any device.
        """
        if self._whole_numbers:
            pixels = pixels.round().to(torch.uint8)
        seed = int(torch.randint(2**63 - 1, (), generator=self._batch_seeds))
        # torchvision draws from torch's global random numbers on the CPU. They are put back afterwards.
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            changed = [self._transform(image) for image in pixels]
        return torch.stack(changed).contiguous(memory_format=torch.channels_last)


def _transform(kind: str, image_size: int) -> Transform:
    from torchvision.transforms import v2  # takes a second, and few trainings need it

    if kind == "flip":
        return v2.RandomHorizontalFlip()
    if kind == "crop":
        return v2.RandomCrop(image_size, padding=image_size // 8)
    if kind == "randaugment":
        return v2.RandAugment()
    raise ValueError(f"augment={kind}: must be none, flip, crop or randaugment")
