"""Loaded last, before workers are forked: compiles the loops of training, once for all of them."""

import gc

from wikiart import fast

fast.prepare()
gc.freeze()  # what is loaded by now stays: collecting garbage need not look at it, nor copy its memory
