"""The imports of the process that workers are forked from; the only module imported for its side effects.

Linux forks workers from a server process (multiprocessing's ``forkserver``), which imports this module
once, so that no worker has to load torch and MLflow or to compile the training loops again.
"""

import ctypes
import gc
import importlib
import os
import signal

from ablations.engines.processes import SUITE_PID

PR_SET_PDEATHSIG = 1  # man 2 prctl

# 1. End with the suite: ask the kernel for SIGKILL when the parent process dies. The server notices
#    the parent's death by itself only between two requests, not while it is still importing.
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
#    If the suite died before that, the server has another parent by now.
if os.getppid() != int(os.environ[SUITE_PID]):
    os._exit(1)

# 2. Import without garbage collections, which would take a fifth of the time and find nothing.
gc.disable()

# 3. Import what workers need, including what MLflow and torch would import at their first use.
for _name in (
    "ablations.engines.worker",
    "mlflow.store.tracking.sqlalchemy_store",
    "torch._dynamo",
    "torch.export._trace",
):
    importlib.import_module(_name)

# 4. Compile the loops of training, or load them from numba's cache. It starts no thread: forking stays safe.
importlib.import_module("wikiart.learning.fast").compile_loops()
importlib.import_module("wikiart.learning.adam").compile_loop()

# 5. Exempt everything loaded so far from garbage collection: a collection in a worker would write to the
#    reference counts' pages, and so copy the memory that is shared with the server.
gc.freeze()
gc.enable()
