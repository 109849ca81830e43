"""Loaded first by the process that workers are forked from: it ends when the suite does, whatever it is at.

Left to itself it notices only after it has loaded everything else. Linux alone (man 2 prctl).
"""

import ctypes
import signal

PR_SET_PDEATHSIG = 1

ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
