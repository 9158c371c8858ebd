"""Each step has a test file of its own, that is found where one looks for it."""

from pathlib import Path

import pytest

import orderflow.flow

FLOW, TESTS = Path(orderflow.flow.__file__).parent, Path(__file__).parent
UNTESTED = {
    "ports": "interfaces, and the rows that go through them",
    "refusals.py": "sentences; both stores' tests read them",
}
STEPS = sorted(
    str(path.relative_to(FLOW))
    for path in FLOW.rglob("*.py")
    if path.name != "__init__.py" and path.relative_to(FLOW).parts[0] not in UNTESTED
)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_has_its_tests(step):
    path = TESTS / step
    assert (path.parent / f"test_{path.name}").is_file(), (
        f"src/orderflow/flow/{step} has no test file in tests/unit/flow"
    )


def test_no_exception_outlives_its_reason():
    assert all((FLOW / name).exists() for name in UNTESTED)
