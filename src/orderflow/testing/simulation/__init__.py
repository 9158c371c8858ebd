"""The protocol, proven by histories: the real steps, in a world where everything outside goes wrong.

The steps of `flow` and the store in memory are the real ones; the clock, the order in which workers, people and ERPs
take turns, and the ERPs are simulated. Every call of a port is a place where a worker may die, sleep past its lease, or
lose the reply. The same seed makes the same history. After it, nothing was taken twice but by one of the reasons that
docs/reliability.md allows, nothing is lost, order, delivery and log agree, and everything has come to its end.
"""

from __future__ import annotations

from collections.abc import Sequence

from orderflow.testing.simulation.choices import Choices, shrink
from orderflow.testing.simulation.schedule import StuckError
from orderflow.testing.simulation.verdict import violations
from orderflow.testing.simulation.world import World

__all__ = ["play", "replay", "tell"]


def play(seed: int) -> list[str]:
    """Return what goes wrong in the history of a seed; nothing should."""
    return _judge(World(Choices(seed)))


def replay(drawn: Sequence[int]) -> list[str]:
    """Return what goes wrong in the history of these choices."""
    return _judge(World(Choices(None, drawn)))


def tell(seed: int, *, shrunk: bool = False) -> str:
    """Return the history of a seed as a story; `shrunk`, with as few accidents as still make it go wrong."""
    world = World(Choices(seed))
    wrong = _judge(world)
    if shrunk and wrong:
        drawn = shrink(world.choices.drawn, lambda numbers: bool(replay(numbers)))
        world = World(Choices(None, drawn))
        wrong = _judge(world)
    return "\n".join([*world.story, "", *(wrong or ["All is well."])])


def _judge(world: World) -> list[str]:
    try:
        world.run()
    except StuckError as error:
        return [str(error)]
    return violations(world)
