"""How long a failed attempt waits, how often, and under which key."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.retry import RetryPolicy, idempotency_key

ORG, ORDER = UUID(int=1), UUID(int=2)
policies = st.builds(
    RetryPolicy,
    max_attempts=st.integers(1, 10),
    base=st.floats(0.01, 60),
    cap=st.floats(60, 3600),
    jitter=st.floats(0, 1),
)


def test_four_attempts_by_default():
    policy = RetryPolicy()
    assert [policy.exhausted(spent) for spent in range(6)] == [False, False, False, False, True, True]


def test_without_jitter_the_waits_double_up_to_the_cap():
    policy = RetryPolicy(base=1.0, cap=10.0, jitter=0.0)
    assert [policy.delay(spent) for spent in (1, 2, 3, 4, 5, 6)] == [1, 2, 4, 8, 10, 10]


@given(policies, st.integers(1, 10_000))
def test_a_wait_stays_between_its_jittered_floor_and_the_cap(policy, spent):
    full = min(policy.base * 2.0 ** min(spent - 1, 62), policy.cap)
    assert full * (1 - policy.jitter) <= policy.delay(spent) <= full


@given(policies, st.integers(1, 100), st.floats(0, 60))
def test_a_target_that_asks_for_time_gets_it(policy, spent, asked):
    assert policy.delay(spent, retry_after=asked) >= asked


@given(policies, st.integers(1, 100), st.floats(3601, 1e9))
def test_a_target_cannot_make_us_wait_beyond_the_cap(policy, spent, asked):
    assert policy.delay(spent, retry_after=asked) == policy.cap


def test_jitter_spreads_the_waits():
    policy = RetryPolicy(base=100.0, jitter=0.5)
    assert len({policy.delay(1) for _ in range(50)}) > 40


def test_the_key_is_known_to_others_and_must_not_change():
    # echo -n '00000000-0000-0000-0000-000000000001:00000000-0000-0000-0000-000000000002:0' | sha256sum
    assert idempotency_key(ORG, ORDER, 0) == "f5632cb91b178082f95e071f7474075dcf38196acf449f29897eddcba79c5f12"


uuids = st.uuids()


@given(st.tuples(uuids, uuids, st.integers(0, 10**6)), st.tuples(uuids, uuids, st.integers(0, 10**6)))
def test_equal_attempts_share_a_key_and_different_ones_never_do(one, other):
    assert (idempotency_key(*one) == idempotency_key(*other)) is (one == other)


@pytest.mark.parametrize("other", [(UUID(int=3), ORDER, 1), (ORG, UUID(int=3), 1), (ORG, ORDER, 2), (ORDER, ORG, 1)])
def test_each_part_of_the_key_counts(other):
    assert idempotency_key(ORG, ORDER, 1) != idempotency_key(*other)
