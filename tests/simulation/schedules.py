"""Every schedule of a few workers, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from tests.simulation.world import Worker, World


def every_run(play: Callable[[Callable[[int], int]], World]) -> Iterator[tuple[list[int], World]]:
    """Play once for each sequence of choices; `play` gets a function that chooses one of so many."""
    path: list[int] = []
    while True:
        taken: list[tuple[int, int]] = []

        def choose(most: int, path: list[int] = path, taken: list[tuple[int, int]] = taken) -> int:
            choice = path[len(taken)] if len(taken) < len(path) else 0
            taken.append((choice, most))
            return choice

        world = play(choose)
        yield [choice for choice, _ in taken], world
        while taken and taken[-1][0] == taken[-1][1] - 1:
            taken.pop()
        if not taken:
            return
        path = [choice for choice, _ in taken]
        path[-1] += 1


def every_overlap(begin: Callable[[], World], mishaps: int = 1) -> Iterator[tuple[list[int], World]]:
    """Move the workers that `begin` leaves running, in every order, to their ends.

    With up to so many mishaps, in every place: one of them is killed, or the call that it makes fails.
    """

    def play(choose: Callable[[int], int]) -> World:
        world, left = begin(), mishaps
        last: Worker | None = None
        while running := world.running:
            moves: list[tuple[Worker, Callable[[], None]]] = [(worker, worker.go) for worker in running]
            orderly = len(moves)
            if left:
                # When it dies matters only to itself, so: at once, after its last call, or before anyone's first.
                moves += [(worker, worker.kill) for worker in running if last in {worker, None}]
                moves += [(worker, partial(worker.go, fault)) for worker in running for fault in worker.faults]
            choice = choose(len(moves))
            left -= choice >= orderly
            last, move = moves[choice]
            move()
        return world

    return every_run(play)
