"""TODO room."""

from wikiart.learning.fast.layers import compile_loops as compile_loops
from wikiart.learning.fast.layers import forward as forward
