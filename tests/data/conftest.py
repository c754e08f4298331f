"""For tests that read datasets."""

from collections.abc import Iterator

import datasets
import pytest

from xit import paths


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What `datasets` keeps of these tests goes away with them."""
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("project")
        patch.setattr(datasets.config, "HF_DATASETS_CACHE", str(place / "cache"))
        patch.setenv("XIT_ROOT", str(place))
        paths.project.cache_clear()
        yield
    paths.project.cache_clear()
