"""Views of torch's tensors as arrays and back: channels last, kernels as matrices."""

import numpy as np
import torch


def kernel_of_weight(weight: torch.Tensor) -> torch.Tensor:
    """Return the kernel (4 * channels, maps) of a convolution's weight (maps, channels, 2, 2)."""
    return weight.detach().permute(2, 3, 1, 0).reshape(-1, len(weight))


def weight_of_kernel(kernel: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
    """Return the weight (maps, channels, 2, 2) of a kernel (4 * channels, maps)."""
    return torch.from_numpy(kernel).to(dtype).view(2, 2, -1, kernel.shape[1]).permute(3, 2, 0, 1)


def channels_last(maps: torch.Tensor) -> np.ndarray:
    """Return (n, h, w, c) for (n, c, h, w); a view if the channels are last in memory."""
    return maps.detach().permute(0, 2, 3, 1).contiguous().numpy()


def channels_first(maps: np.ndarray) -> torch.Tensor:
    """Return a view (n, c, h, w) of (n, h, w, c)."""
    return torch.from_numpy(maps).permute(0, 3, 1, 2)


def rows(maps: np.ndarray) -> np.ndarray:
    """Return a view (n, h, w * c) of (n, h, w, c)."""
    return maps.reshape(*maps.shape[:2], -1)


def like(values: np.ndarray, tensor: torch.Tensor) -> torch.Tensor:
    """Return values as a tensor of another tensor's type."""
    return torch.from_numpy(values).to(tensor.dtype)


def sign_of(scale: torch.Tensor) -> np.ndarray:
    """Return -1.0 where the scale is negative, else 1.0."""
    return np.where(scale.detach().numpy() < 0, -1.0, 1.0)
