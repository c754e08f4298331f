"""All that notebooks and what executes them import: loaded by the server that both are forked from.

What starts threads or opens sockets when it is loaded has no place here: a fork would not have
them.
"""

import os
import pkgutil
from importlib import import_module

from xit import report

os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # read when it is loaded
KERNEL = ("ipykernel.ipkernel", "ipykernel.kernelapp", "ipykernel.debugger")
for name in (*KERNEL, "papermill", "xit.execute", "datasets"):
    import_module(name)
for module in pkgutil.iter_modules(report.__path__, "xit.report."):
    if module.name not in (__name__, "xit.report.captions"):  # which is Sphinx's
        import_module(module.name)
