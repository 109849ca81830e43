"""The networks of `wikiart.learning.network` with less work: equal outputs, gradients and statistics.

Equal means to rounding; the tests compare every step with the plain network in float64. Import `forward`
and `compile_loops` from here, and nothing else: the modules are named below for readers. This room knows
layers, not trainings: neither data sets, optimizers nor configurations.

A plain training step spends most of its time on the maps of the convolutions, of which the pool keeps
one value in sixteen: all are normalised, activated and pooled in turn, and so are their gradients. Here:

- **Pool first, normalise the maxima.** Normalisation ``z = a * y + b`` is monotone, so the largest ``z``
  of a window is that of the largest ``y`` if ``a > 0``, and of the smallest if ``a < 0``.
- **The gradient of a map in one pass**: what its pooled values get, plus ``constant + factor * y``
  (`normalisation`).
- **The maps of the first convolution are never written.** Their mean and variance follow from sums over the
  images' pixels, which never change and are kept with the images (`moments`), so normalisation becomes part
  of the convolution. One loop computes the values of a window and keeps the largest and its place (`pixels`).
  Pixels need no gradient, and that of the weights follows from the patches of the maxima and the same sums.
- **The edge of a later map is 0** and is not computed, since padding is wider than a patch (`kernels`).

The later convolutions themselves are torch's. In the first one, a kernel is a matrix ``(12, maps)``; a patch
holds its numbers by row, column, channel. Sums over a map end in float64. Torch's
own, in float32 with channels last, lose digits over large maps: there, this forward pass is nearer to the
plain network in float64.

- `dispatch`: the forward pass of a whole network
- `operations`: the differentiable operations that it consists of
- `maps`, `moments`, `normalisation`: their steps, forward and backward
- `pixels`, `kernels`: compiled loops; `parallel`: how they are compiled and run
"""

from wikiart.learning.fast.dispatch import compile_loops as compile_loops
from wikiart.learning.fast.dispatch import forward as forward
