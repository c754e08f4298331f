"""All that notebooks and what executes them import: loaded by the server that both are forked from.

And what is the same for every page: the paper's numbers, Matplotlib's fonts, a notebook's schema.

What starts threads or opens sockets when it is loaded has no place here: a fork would not have
them.
"""

import os
import pkgutil
from importlib import import_module

from xit import report

os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # read when it is loaded
KERNEL = ("ipykernel.ipkernel", "ipykernel.kernelapp", "ipykernel.debugger", "psutil")
BACKENDS = tuple(f"matplotlib.backends.backend_{kind}" for kind in ("agg", "svg", "pdf"))
for name in (*KERNEL, *BACKENDS, "papermill", "xit.execute", "datasets"):
    import_module(name)
for module in pkgutil.iter_modules(report.__path__, "xit.report."):
    if module.name not in (__name__, "xit.report.captions"):  # which is Sphinx's
        import_module(module.name)

from nbformat.validator import get_validator  # noqa: E402

from xit.report import canvas, page, published, typology  # noqa: E402

get_validator(4, 5)
published.changes_by_language()
typology.shipped("en")
drawn, [axes] = canvas.empty(1.0)
axes.set_title("regular, and", fontweight="bold")
page.pictures(drawn)
