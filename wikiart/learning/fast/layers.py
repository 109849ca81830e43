"""The same networks with less work: equal outputs, gradients and statistics, to rounding.

Most of a plain training step is spent on the maps of the convolutions, of which the pool keeps a
sixteenth: they are normalised, activated and pooled in turn, and so are their gradients. Instead:

- A map is pooled first, and what is left is normalised and activated. Normalisation is monotone:
  where its scale is negative, the convolution's weights change their sign, so that the largest
  value stays the largest. The batch statistics are sums over the map, taken while it lies in the
  processor's cache.
- A map's gradient is what the maxima get, and ``constant + factor * map`` from the statistics
  (Ioffe & Szegedy 2015, section 3, written out): one pass.
- The first convolution's maps are never whole: some rows at a time are made, pooled, summed and
  forgotten. Nobody asks for the gradient of the pixels, and that of the weights is a sum of the
  patches that won, and of two sums that the forward pass leaves.

A convolution is a product of patches and a kernel ``(4 * channels, maps)``, in which a patch's
numbers go by row, column, channel. Sums end in float64. Torch's own, in float32 with channels last, lose
digits over large maps: there, the fast network is the nearer one to the plain network in float64.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.autograd.function import once_differentiable

from wikiart.learning.fast import kernels
from wikiart.learning.fast.slopes import spread, sum_patches, through_activation
from wikiart.learning.network import pooled_side

CACHED = 3 * 2**17  #: numbers worked on at once, patches and maps: 1.5 MB of float32
CENTRE = 128.0  #: subtracted from pixels: around 0, squares keep more digits


def forward(network: nn.Sequential, pixels: torch.Tensor) -> torch.Tensor:
    """What ``network(pixels)`` returns and does, for a network of :func:`wikiart.network.build`.

    Gradients of the parameters and running statistics are those of the plain network as well.
    Pixels on a GPU, pixels that need a gradient, and gradients in evaluation mode take the plain way.

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
    odd = pixels.requires_grad or (torch.is_grad_enabled() and not network.training)
    if pixels.device.type != "cpu" or odd:
        return network(pixels)
    if not isinstance(network[1], nn.BatchNorm2d):
        return network[2:](ConvolveAndPool.apply(pixels, network[0].weight, network[0].bias))
    if not network.training:
        return network[4:](_folded(network[0], network[1], pixels).relu())
    maps, depth = pixels, 0
    while isinstance(network[depth], nn.Conv2d):
        convolution, norm = network[depth], network[depth + 1]
        maps = Layer.apply(maps, convolution.weight, convolution.bias, norm.weight, norm.bias, norm)
        depth += 4  # convolution, normalisation, pool, activation
    return network[depth:](maps)


def _folded(convolution: nn.Conv2d, norm: nn.BatchNorm2d, pixels: torch.Tensor) -> torch.Tensor:
    """The first layer's maps before their activation, in evaluation mode: normalised by the weights."""
    scale = norm.weight.double() * torch.rsqrt(norm.running_var.double() + norm.eps)
    shift = norm.bias + (convolution.bias.double() - norm.running_mean) * scale
    weight = scale.view(-1, 1, 1, 1) * convolution.weight
    return ConvolveAndPool.apply(pixels, weight.to(pixels.dtype), shift.to(pixels.dtype))


def compile_loops() -> None:
    """Compile the loops of training, or load what an earlier process has compiled.

    Takes some seconds the first time, on each machine. Starts no thread: who calls it may fork.
    """
    _Passing(torch.zeros(2, 3, 16, 16), torch.zeros(12, 1), 0.0, moments=False)
    first = _Passing(torch.zeros(2, 3, 16, 16), torch.zeros(12, 4), CENTRE, moments=True)
    later = _Kept(torch.zeros(2, 4, 4, 4), torch.zeros(16, 4))
    for maps in (first, later):
        norm = _Normalisation(maps, torch.ones(4), torch.zeros(4), 1e-5)
        output = norm.activate(maps.pooled)
        maps.gradients(norm.back(output, output, maps.pooled))


class ConvolveAndPool(torch.autograd.Function):
    """``max_pool2d(conv2d(pixels, weight, bias, padding=2), 4, padding=2)`` for 2 x 2 weights.

    Gradients for weight and bias only.
    """

    @staticmethod
    def forward(ctx: Any, pixels: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """Pooled maps (n, c, side, side), channels last in memory."""
        ctx.maps = _Passing(pixels, _kernel(weight), 0.0, moments=False)
        return _channels_first(ctx.maps.pooled + bias.detach().numpy())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[None, torch.Tensor, torch.Tensor]:
        """Gradients of weight and bias."""
        weight = _weight(ctx.maps.at_winners(_channels_last(gradient)), gradient.dtype)
        return None, weight, gradient.sum((0, 2, 3))


class Layer(torch.autograd.Function):
    """Convolution, normalisation in training mode, pool and activation.

    Maps that need no gradient are pixels. Updates the running statistics, which are the only use of
    the convolution's bias: its gradient is 0, for which the plain network returns rounding errors.
    """

    @staticmethod
    def forward(
        ctx: Any,
        maps: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        scale: torch.Tensor,
        shift: torch.Tensor,
        norm: nn.BatchNorm2d,
    ) -> torch.Tensor:
        """Maps (n, c, side, side), channels last in memory."""
        kernel = _kernel(weight) * _like(_sign(scale), weight)
        kept = ctx.needs_input_grad[0]
        ctx.maps = _Kept(maps, kernel) if kept else _Passing(maps, kernel, CENTRE, moments=True)
        ctx.norm = _Normalisation(ctx.maps, scale, shift, norm.eps)
        away = 0.0 if kept else CENTRE * kernel.double().sum(0).numpy()
        ctx.norm.run(norm, bias.detach().numpy(), away)
        ctx.output = ctx.norm.activate(ctx.maps.pooled)
        return _channels_first(ctx.output)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple:
        """Gradients of maps, weight, bias, scale and shift."""
        back = ctx.norm.back(_channels_last(gradient), ctx.output, ctx.maps.pooled)
        kernel, maps = ctx.maps.gradients(back)
        weight = _weight(kernel * ctx.norm.sign, gradient.dtype)
        scale, shift = (_like(values, gradient) for values in (back.scale, back.shift))
        return maps, weight, torch.zeros_like(shift), scale, shift, None


class _Maps:
    """A convolution's maps, without its bias.

    Attributes
    ----------
    pooled, winners : array and int32 array (n, side, side, c)
        Maxima, and where they stand in the memory of an image's map.
    total, squares : float64 arrays (n, c)
        Of each image's values.
    positions : int
        Values of a channel, in all images.
    """

    def __init__(self, count: int, size: int, kernel: torch.Tensor):
        side, channels = pooled_side(size), kernel.shape[1]
        self.height = size + 3
        self.positions = count * self.height**2
        self.pooled = np.empty((count, side, side, channels), kernel.numpy().dtype)
        self.winners = np.empty(self.pooled.shape, np.int32)
        self.total, self.squares = np.zeros((2, count, channels))

    def pool(self, part: slice, maps: np.ndarray, top: int, start: int, stop: int) -> None:
        """See rows of the maps, from ``top`` on: those that the pooled rows from start to stop need."""
        pooled, winners = self.pooled[part], self.winners[part]
        kernels.share(kernels.pool, len(maps), maps, self.height, top, start, stop, pooled, winners)

    def add(self, part: slice, maps: np.ndarray) -> None:
        """Add some rows up."""
        kernels.share(kernels.add, len(maps), maps, self.total[part], self.squares[part])


class _Kept(_Maps):
    """Maps of maps that need a gradient: (n, c, size, size)."""

    def __init__(self, maps: torch.Tensor, kernel: torch.Tensor):
        self.images = _rows(_channels_last(maps))
        self.kernel = kernel
        count, inner, size, _ = maps.shape
        super().__init__(count, size, kernel)
        self.patches = np.empty((count, self.height, 4 * kernels.slots(size), 4 * inner), self.images.dtype)
        zero = self.images.dtype.type(0)
        kernels.share(kernels.unfold, count, self.images, inner, zero, 0, self.patches)
        values = torch.from_numpy(self.patches).view(-1, 4 * inner) @ kernel
        self.values = values.numpy().reshape(count, self.height, -1)
        self.pool(slice(None), self.values, 0, 0, self.pooled.shape[1])
        self.add(slice(None), self.values)

    def gradients(self, back: "_Back") -> tuple[np.ndarray, torch.Tensor]:
        """Of the kernel, and of the maps."""
        count, columns = len(self.values), self.patches.shape[2]
        gradient = np.empty_like(self.values)
        along = [np.tile(values.astype(gradient.dtype), columns) for values in (back.constant, back.factor)]
        slopes = back.slopes * back.share.astype(gradient.dtype)
        kernels.share(spread, count, self.values, self.winners, slopes, *along, gradient)
        # Columns outside the map got a gradient as well: their patches are 0, and `fold` leaves them out.
        values = torch.from_numpy(gradient).view(-1, len(back.share))
        patches = torch.from_numpy(self.patches).flatten(0, 2)
        kernel = (patches.T @ values).numpy()
        inner = patches.shape[1] // 4
        images = np.empty_like(self.images)
        patches = (values @ self.kernel.T).view(self.patches.shape).numpy()
        kernels.share(kernels.fold, count, patches, inner, images)
        return kernel, _channels_first(images.reshape(count, len(images[0]), -1, inner))


class _Passing(_Maps):
    """Maps of pixels: float tensor (n, 3, size, size).

    Parameters
    ----------
    pixels : float tensor (n, 3, size, size)
    kernel : float tensor (12, c)
    centre : float
        Is subtracted from the pixels and the zeros around them.
    moments : bool
        Whether the sums over the maps are needed; those of more than one.
    """

    def __init__(self, pixels: torch.Tensor, kernel: torch.Tensor, centre: float, *, moments: bool):
        self.images = _rows(_channels_last(pixels))
        count, size, _ = self.images.shape
        super().__init__(count, size, kernel)
        self.centre = self.images.dtype.type(centre)
        if moments:
            self.products = np.zeros(kernel.shape)  # of the patches with the maps
            pixel = pixels.sum((0, 2, 3)).double().numpy() - centre * self.positions
            self.patches = np.tile(pixel, 4)[:, None]  # the sum of all: every pixel comes to every place
        if kernel.shape[1] == 1:
            of = (self.images, kernel.numpy().ravel(), self.pooled, self.winners)
            kernels.share(kernels.convolve_and_pool, count, *of)
        else:
            self._pass(kernel, moments)

    def _pass(self, kernel: torch.Tensor, moments: bool) -> None:
        """Make the maps, a few images or some rows of one at a time."""
        columns, channels = 4 * kernels.slots(self.images.shape[1]), kernel.shape[1]
        row = columns * (12 + channels)
        together = torch.get_num_threads() * max(1, CACHED // (self.height * row))
        lines = max(1, CACHED // (4 * row))  # of the pooled maps
        positions = together * min(self.height, 4 * lines + 2) * columns
        # Written again and again: fresh memory would cost more than the arithmetic here.
        patches = np.empty(positions * 12, self.images.dtype)
        values = torch.empty(positions, channels, dtype=kernel.dtype)
        for first in range(0, len(self.images), together):
            part = slice(first, first + together)
            images, side = self.images[part], self.pooled.shape[1]
            for start in range(0, side, lines):
                stop = min(start + lines, side)
                top, bottom = max(0, 4 * start - 2), 4 * stop - 2 if stop < side else self.height
                shape = (len(images), bottom - top, columns, 12)
                unfolded = patches[: math.prod(shape)].reshape(shape)
                kernels.share(kernels.unfold, len(images), images, 3, self.centre, top, unfolded)
                flat = torch.from_numpy(unfolded).view(-1, 12)
                maps = torch.mm(flat, kernel, out=values[: len(flat)])
                rows = maps.numpy().reshape(len(images), bottom - top, -1)
                self.pool(part, rows, top, start, stop)
                if moments:
                    self.add(part, rows)
                    self.products += (flat.T @ maps).numpy()

    def at_winners(self, slopes: np.ndarray) -> np.ndarray:
        """Sum of the patches that won, weighted by slopes (n, side, side, c): float64 (12, c)."""
        gradients = np.empty((len(slopes), slopes.shape[3], 12), slopes.dtype)
        of = (self.images, self.centre, self.winners, slopes, gradients)
        kernels.share(sum_patches, len(slopes), *of)
        return gradients.sum(0, dtype=np.float64).T

    def gradients(self, back: "_Back") -> tuple[np.ndarray, None]:
        """Of the kernel; none of the pixels."""
        kernel = back.share * self.at_winners(back.slopes)
        return kernel + back.constant * self.patches + back.factor * self.products, None


class _Back(NamedTuple):
    """What a normalisation passes back: float64 (c,), and slopes (n, side, side, c).

    The gradient of its maps is ``share * slopes`` where the maxima stand, and besides
    ``constant + factor * maps`` everywhere.
    """

    scale: np.ndarray  #: gradient of its scale
    shift: np.ndarray  #: gradient of its shift
    slopes: np.ndarray
    share: np.ndarray
    constant: np.ndarray
    factor: np.ndarray


class _Normalisation:
    """Batch normalisation in training mode, and activation, of maps that have the sign of its scale."""

    def __init__(self, maps: _Maps, scale: torch.Tensor, shift: torch.Tensor, epsilon: float):
        self.positions, self.sign = maps.positions, _sign(scale)
        self.mean = maps.total.sum(0) / maps.positions
        self.variance = maps.squares.sum(0) / maps.positions - self.mean**2
        self.root = 1 / np.sqrt(self.variance + epsilon)
        self.scale = self.sign * scale.detach().numpy() * self.root
        self.shift = shift.detach().numpy() - self.mean * self.scale

    def run(self, norm: nn.BatchNorm2d, bias: np.ndarray, away: np.ndarray | float) -> None:
        """Update the running statistics; the maps' mean is without ``away`` and the bias."""
        mean = self.sign * (self.mean + away) + bias
        variance = self.variance * (self.positions / (self.positions - 1))
        norm.num_batches_tracked += 1
        norm.running_mean.lerp_(_like(mean, norm.running_mean), norm.momentum)
        norm.running_var.lerp_(_like(variance, norm.running_var), norm.momentum)

    def activate(self, pooled: np.ndarray) -> np.ndarray:
        """Activated maps, from and like the pooled ones (n, side, side, c)."""
        maps = pooled * self.scale.astype(pooled.dtype)
        maps += self.shift.astype(pooled.dtype)
        return np.maximum(maps, 0, out=maps)

    def back(self, gradient: np.ndarray, output: np.ndarray, pooled: np.ndarray) -> _Back:
        """From the gradient of the activated maps; all (n, side, side, c)."""
        count, side, _, channels = output.shape
        slopes, sums = np.empty_like(output), np.empty((2, count, side * channels), output.dtype)
        of = (_rows(each) for each in (gradient, output, pooled, slopes))
        kernels.share(through_activation, count, *of, *sums)
        shift, products = sums.reshape(2, -1, channels).sum(1, dtype=np.float64)
        scale = self.root * (products - self.mean * shift)
        factor = -self.scale * self.root * scale / self.positions
        constant = -self.scale * shift / self.positions - factor * self.mean
        return _Back(self.sign * scale, shift, slopes, self.scale, constant, factor)


def _sign(scale: torch.Tensor) -> np.ndarray:
    return np.where(scale.detach().numpy() < 0, -1.0, 1.0)


def _kernel(weight: torch.Tensor) -> torch.Tensor:
    """(4 * channels, maps) for (maps, channels, 2, 2)."""
    return weight.detach().permute(2, 3, 1, 0).reshape(-1, len(weight))


def _weight(kernel: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
    """(maps, channels, 2, 2) for (4 * channels, maps)."""
    return torch.from_numpy(kernel).to(dtype).view(2, 2, -1, kernel.shape[1]).permute(3, 2, 0, 1)


def _channels_last(maps: torch.Tensor) -> np.ndarray:
    """(n, h, w, c) for (n, c, h, w); a view, if that is how it lies in memory."""
    return maps.detach().permute(0, 2, 3, 1).contiguous().numpy()


def _channels_first(maps: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(maps).permute(0, 3, 1, 2)


def _rows(maps: np.ndarray) -> np.ndarray:
    """(n, h, w * c) for (n, h, w, c): a view."""
    return maps.reshape(*maps.shape[:2], -1)


def _like(values: np.ndarray, tensor: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(values).to(tensor.dtype)
