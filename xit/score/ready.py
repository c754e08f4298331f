"""All that runs need: loaded by the server that their processes are forked from.

What starts threads has no place here: a fork would not have them.
"""

from importlib import import_module

# all but the first are else loaded by each worker when it first reads, or loads a model
LOADED = (
    "xit.phases",
    "datasets",
    "transformers.models.xlm_roberta.modeling_xlm_roberta",
)
for name in LOADED:
    import_module(name)
