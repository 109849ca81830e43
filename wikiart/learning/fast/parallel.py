"""How the loops are compiled, and how several threads share their items."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import torch
from numba import njit

# cache: machine code is kept beside the source file, or in the user's cache folder, for the next process.
#   Numba compares the time stamp of that one file: a compiled function may only call others of its file.
# nogil: threads run the loops at the same time.
# error_model: no check for division by zero.
# fastmath contract: a * b + c may be one instruction, rounded once; nothing else is reordered.
compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})


def parallel(kernel: Any, count: int, *arguments: Any) -> None:
    """Call ``kernel(*arguments, first, last)`` on ranges of ``count`` items, one per thread of torch."""
    threads = min(torch.get_num_threads(), count)
    if threads == 1:
        kernel(*arguments, 0, count)
        return
    edges = [count * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(kernel, *arguments, *part) for part in pairwise(edges)]:
            future.result()
