"""What the examples in the docstrings may use: `rp`, and the project's record as `record`."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="session")
def _real_record() -> Any:
    import repatria as rp

    return rp.load()


@pytest.fixture(autouse=True)
def _names(doctest_namespace: dict[str, Any], _real_record: Any) -> None:
    import repatria as rp

    doctest_namespace.update(rp=rp, record=_real_record)
