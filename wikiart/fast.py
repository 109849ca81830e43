"""The same networks with less work: equal outputs, gradients and statistics, to rounding.

At 224 pixels most of a training step is spent on the first convolution's maps: 16 channels at
full resolution, of which the pool keeps a sixteenth. What makes them cheap:

- Batch normalisation of a convolution is a convolution: its scale and shift go into the weights,
  if the batch statistics are known beforehand.
- They are. A convolution is linear, so its output's mean and variance follow from the mean and
  the covariance of the input's patches: 12 numbers and 12 x 12 for patches of 2 x 2 pixels.
- What is only pooled need not be kept: a few images at a time stay in the processor's cache.
- The pool passes gradients to its maxima alone, and nobody asks for the gradient of the pixels:
  backward is a sum of those patches.

Later layers need their maps and the maps' gradients. They are pooled before they are normalised,
and each is written once.

Statistics are kept in float64. Torch's own, in float32 with channels last, lose digits over large
maps: in float32 the fast network is the nearer one to the plain network in float64.
"""

import math
from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable

from wikiart.network import pooled_side

CACHED = 2**18  #: numbers of a full-resolution map worked on at once: 1 MB of float32


def forward(network: nn.Sequential, pixels: torch.Tensor) -> torch.Tensor:
    """What ``network(pixels)`` returns and does, for a network of :func:`wikiart.network.build`.

    Gradients of the parameters and running statistics are those of the plain network as well.
    The network of one convolution has no map worth saving, and takes the plain way; so do
    pixels on a GPU and pixels that need a gradient.

    Parameters
    ----------
    network : torch.nn.Sequential
        In training or in evaluation mode.
    pixels : float tensor (n, 3, size, size)
        0..255; fastest if channels are last in memory.

    Returns
    -------
    torch.Tensor
        Log-probabilities (n, classes).

    Raises
    ------
    ValueError
        One convolution, in training mode, and a single image: its batch has no variance.
    """
    if not isinstance(network[1], nn.BatchNorm2d) or pixels.device.type != "cpu" or pixels.requires_grad:
        return network(pixels)
    maps = _first(network[0], network[1], pixels).relu()
    depth = 4  # convolution, normalisation, pool, activation
    while network.training and isinstance(network[depth], nn.Conv2d):
        maps = _deeper(network[depth], network[depth + 1], maps).relu()
        depth += 4
    return network[depth:](maps)


def _first(convolution: nn.Conv2d, norm: nn.BatchNorm2d, pixels: torch.Tensor) -> torch.Tensor:
    """The first layer's maps before their activation: its normalisation goes into the weights."""
    if norm.training:
        patch_mean, covariance, positions = patch_moments(pixels)
        weight = convolution.weight.double().flatten(1)
        moments = weight @ patch_mean, ((weight @ covariance) * weight).sum(1), positions
    else:
        moments = None
    scale, shift = _scale_and_shift(convolution, norm, moments)
    weight = scale.view(-1, 1, 1, 1) * convolution.weight
    return ConvolveAndPool.apply(pixels, weight.to(pixels.dtype), shift.to(pixels.dtype))


def _deeper(convolution: nn.Conv2d, norm: nn.BatchNorm2d, maps: torch.Tensor) -> torch.Tensor:
    """A later layer's maps before their activation, in training mode: pooled, then normalised.

    A negative scale would turn the largest value into the smallest, so its sign goes into the
    convolution. The convolution's bias is left to the running mean: nothing else has a use for it,
    and without it the padding's corners are 0, which keeps the mean of squares well above the
    square of the mean, so that their difference keeps its digits.
    """
    sign = torch.where(norm.weight.detach() < 0, -1.0, 1.0).to(maps.dtype)
    maps = nn.functional.conv2d(maps, convolution.weight * sign.view(-1, 1, 1, 1), padding=2)
    pooled, total, squares = PoolAndSum.apply(maps)
    positions = maps.numel() // maps.shape[1]
    mean = total / positions
    moments = sign * mean, squares / positions - mean**2, positions
    scale, shift = _scale_and_shift(convolution, norm, moments)
    scale, shift = (t.to(maps.dtype).view(-1, 1, 1) for t in (sign * scale, shift))
    return torch.addcmul(shift, pooled, scale)


def _scale_and_shift(
    convolution: nn.Conv2d, norm: nn.BatchNorm2d, moments: tuple[torch.Tensor, torch.Tensor, int] | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """What normalisation multiplies by and adds to the convolution without its bias, in float64.

    ``moments`` are mean and variance of that convolution's output, and the number of values they
    are taken over; updates the running statistics. None: normalises by the running statistics.

    The bias cancels out in training mode: its gradient is zero, of which the plain network
    returns rounding errors.
    """
    bias = convolution.bias.double()
    if moments is None:
        mean, variance = norm.running_mean.double(), norm.running_var.double()
    else:
        mean, variance = moments[0] + bias, moments[1]
        _update(norm, mean, variance, moments[2])
    scale = norm.weight * torch.rsqrt(variance + norm.eps)
    return scale, norm.bias + (bias - mean) * scale


@torch.no_grad()
def _update(norm: nn.BatchNorm2d, mean: torch.Tensor, variance: torch.Tensor, positions: int) -> None:
    norm.num_batches_tracked += 1
    unbiased = variance * (positions / (positions - 1))
    norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), norm.momentum)
    norm.running_var.lerp_(unbiased.to(norm.running_var.dtype), norm.momentum)


@torch.no_grad()
def patch_moments(pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Mean (4c,), covariance (4c, 4c) and number of the 2 x 2 patches of images (n, c, size, size).

    Float64, without Bessel's correction; patches and their order as a convolution with padding 2
    sees them. Every pixel meets every place of a patch, so that the mean of two places' product
    depends on their distance alone: five distances give all. In float64, since the variance of a
    patch's contrast is a small difference of large numbers.
    """
    channels, width = pixels.shape[1], pixels.shape[2] + 3
    lags = (0, 1, width - 1, width, width + 1)
    total = torch.zeros(channels, dtype=torch.float64)
    products = {lag: torch.zeros(channels, channels, dtype=torch.float64) for lag in lags}
    groups = pixels.split(_group(width, 4 * channels))
    patches = Patches(groups[0], torch.float64)
    for images in groups:
        planes = patches.planes(images)
        here = planes[:, : -width - 1]
        total += here.sum(1)
        for lag, product in products.items():
            product += here @ planes[:, lag : lag + here.shape[1]].T
    positions = len(pixels) * width**2
    blocks = [
        [products[b - a] if b >= a else products[a - b].T for b in patches.places] for a in patches.places
    ]
    second = torch.stack([torch.stack(row) for row in blocks])  # place, place, channel, channel
    second = second.permute(2, 0, 3, 1).reshape(4 * channels, 4 * channels) / positions
    mean = (total / positions).repeat_interleave(4)
    return mean, second - mean.outer(mean), positions


class ConvolveAndPool(torch.autograd.Function):
    """``max_pool2d(conv2d(pixels, weight, bias, padding=2), 4, padding=2)`` for 2 x 2 weights.

    On the CPU, a few images at a time, in one buffer. Gradients for weight and bias only.
    """

    @staticmethod
    def forward(ctx: Any, pixels: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """Pooled maps (n, c, pooled, pooled), channels last in memory."""
        width, channels = pixels.shape[2] + 3, len(weight)
        pooled = pooled_side(pixels.shape[2])
        kernel = weight.flatten(1).T
        size = _group(width, channels)
        output = pixels.new_empty(len(pixels), pooled, pooled, channels)
        winners = torch.empty(output.shape, dtype=torch.int64)
        patches_of = Patches(pixels[:size], pixels.dtype)
        buffer = pixels.new_empty(len(pixels[:size]) * width**2, channels)
        for images, best, where in zip(*(t.split(size) for t in (pixels, output, winners)), strict=True):
            patches = patches_of(images)
            convolved = torch.mm(patches.T, kernel, out=buffer[: patches.shape[1]])
            maps = convolved.view(len(images), width, width, channels).permute(0, 3, 1, 2)
            largest, winner = _pool(maps)
            best.copy_(largest)
            where.copy_(winner)
        ctx.save_for_backward(pixels, winners)
        return output.add_(bias).permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[None, torch.Tensor, torch.Tensor]:
        """Gradients of weight and bias."""
        pixels, winners = ctx.saved_tensors
        gradient = gradient.permute(0, 2, 3, 1).contiguous()
        width, channels = pixels.shape[2] + 3, gradient.shape[3]
        size = _group(width, channels)
        weight = gradient.new_zeros(4 * pixels.shape[1], channels)
        patches_of = Patches(pixels[:size], pixels.dtype)
        buffer = gradient.new_zeros(len(pixels[:size]) * width**2 * channels)
        for images, slopes, where in zip(*(t.split(size) for t in (pixels, gradient, winners)), strict=True):
            patches, where = patches_of(images), where.flatten()
            buffer.scatter_(0, where, slopes.flatten())
            weight += patches @ buffer[: patches.shape[1] * channels].view(-1, channels)
            buffer.index_fill_(0, where, 0)  # zero again, without a pass over all of it
        weight = weight.T.reshape(channels, -1, 2, 2)
        return None, weight, gradient.sum((0, 1, 2))


class PoolAndSum(torch.autograd.Function):
    """``max_pool2d(maps, 4, padding=2)``, and each channel's sum and sum of squares, in float64.

    Reads the maps where plain normalisation would write and keep others of their size; backward
    writes the gradient in one pass, where pool and normalisation each write one.
    """

    @staticmethod
    def forward(ctx: Any, maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Pooled maps, and sum and sum of squares of each channel (c,)."""
        maps = maps.contiguous(memory_format=torch.channels_last)
        pooled, winners = _pool(maps)
        rows = maps.permute(0, 2, 3, 1).flatten(1, 2)
        total = rows.sum(1).double().sum(0)
        squares = torch.stack([image.square().sum(0) for image in rows]).double().sum(0)
        ctx.save_for_backward(rows, winners)
        return pooled.permute(0, 3, 1, 2), total, squares

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, pooled: torch.Tensor, total: torch.Tensor, squares: torch.Tensor) -> torch.Tensor:
        """Gradient of the maps."""
        rows, winners = ctx.saved_tensors
        gradient = torch.addcmul(total.to(rows.dtype), rows, 2 * squares.to(rows.dtype))
        slopes = pooled.permute(0, 2, 3, 1).flatten()
        gradient.view(-1).scatter_add_(0, winners.flatten(), slopes)
        count, positions, channels = rows.shape
        side = math.isqrt(positions)
        return gradient.view(count, side, side, channels).permute(0, 3, 1, 2)


def _pool(maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Maxima (n, pooled, pooled, c), and where each stands in the memory of the maps, channels last."""
    count, channels, height, width = maps.shape
    largest, position = nn.functional.max_pool2d(maps, 4, padding=2, return_indices=True)
    position += torch.arange(count).view(-1, 1, 1, 1) * (height * width)
    place = torch.add(torch.arange(channels), position.permute(0, 2, 3, 1), alpha=channels)
    return largest.permute(0, 2, 3, 1), place


def _group(width: int, channels: int) -> int:
    """How many images to work on at once."""
    return max(1, CACHED // (width**2 * channels))


class Patches:
    """The 2 x 2 patches of images, as a convolution with padding 2 sees them.

    Planes hold the images' channels as rows, one image after the other. The convolution wants two
    pixels of padding on each side; three a row and three rows an image do, since what ends one
    begins the next. A patch then lies at ``position + places``, for every position. Memory is
    written again by each call: fresh memory costs the system more than the arithmetic here.

    Parameters
    ----------
    like : tensor (n, c, size, size)
        Images of this shape will come, at most n at a time.
    dtype : torch.dtype
        Of planes and patches.
    """

    def __init__(self, like: torch.Tensor, dtype: torch.dtype):
        count, self.channels, side, _ = like.shape
        self.width = side + 3
        self.places = (0, 1, self.width, self.width + 1)
        self._planes = torch.zeros(self.channels, count * self.width**2 + self.width + 1, dtype=dtype)
        self._patches: torch.Tensor | None = None

    def planes(self, images: torch.Tensor) -> torch.Tensor:
        """(c, positions + size + 4): the last ones are padding."""
        positions = len(images) * self.width**2
        grid = self._planes[:, :positions].view(self.channels, len(images), self.width, self.width)
        grid[:, :, 2:-1, 2:-1].copy_(images.transpose(0, 1))
        return self._planes[:, : positions + self.width + 1]

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """All patches, (4c, positions)."""
        planes = self.planes(images)
        positions = planes.shape[1] - self.width - 1
        if self._patches is None:
            self._patches = planes.new_empty(self.channels, 4, positions)
        patches = self._patches[:, :, :positions]
        for row, place in enumerate(self.places):
            patches[:, row].copy_(planes[:, place : place + positions])
        return patches.flatten(0, 1)
