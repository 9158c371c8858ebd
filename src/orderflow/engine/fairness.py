"""What an organization may hold of something that all share."""

from __future__ import annotations

import random
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from uuid import UUID

from orderflow.storage.system.due import Place


def may_take(held: int, free: int) -> bool:
    """Return whether an organization that holds `held` may take one more of the `free` ones.

    The dynamic threshold by which switches share their buffers (Choudhury and Hahne, IEEE/ACM ToN 6(2), 1998): one
    organization alone holds half at most, two a third each, and something is left for whoever comes next.
    """
    return held < free


def fairly(places: Iterable[Place], held: Mapping[UUID, int], slots: int) -> list[Place]:
    """Return of the places those that may be worked on now: of each organization in turn, within its share.

    Args:
        held: How many of each organization are being worked on.
        slots: How many can be worked on at a time, in all processes together.
    """
    waiting: dict[UUID, deque[Place]] = defaultdict(deque)
    for place in places:
        waiting[place[0]].append(place)
    holds = Counter(held)
    chosen: list[Place] = []
    turns = deque(random.sample(list(waiting), len(waiting)))
    while turns:
        org_id = turns.popleft()
        if may_take(holds[org_id], max(1, slots - holds.total())) and waiting[org_id]:
            chosen.append(waiting[org_id].popleft())
            holds[org_id] += 1
            turns.append(org_id)
    return chosen
