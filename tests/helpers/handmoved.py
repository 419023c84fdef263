"""The backend a test moves by hand: it waits before every step until it is told to go on.

No sleeps and no races: `step` returns when the step is done, `begun` when a job has come in.
"""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Semaphore

from PIL import Image

from avila.generation import Abilities, GenerationRequest, Held, Step

LONGEST_WAIT = 20.0  # seconds; only a broken test waits so long


class HandMoved:
    """Makes pictures of one colour, which its seed decides, in `steps` steps.

    Attributes:
        requests: every request that reached `generate`, in order.
        previews: how many previews were asked for.
        closed: how often `close` was called.
    """

    name = "hand"

    def __init__(self, steps: int = 4, abilities: Abilities | None = None) -> None:
        self.abilities = abilities or Abilities()
        self.steps = steps
        self.requests: list[GenerationRequest] = []
        self.previews = 0
        self.closed = 0
        self._number = 0
        self._moves: SimpleQueue[BaseException | None] = SimpleQueue()
        self._moved = Semaphore(0)
        self._begun = Semaphore(0)
        self._free = Event()

    # The engine's side

    def generate(self, request: GenerationRequest, on_step: Callable[[Step], None]) -> Image.Image:
        self.requests.append(request)
        picture = Image.new("RGB", (request.width, request.height), colour(request.seed))

        def preview() -> Image.Image:
            self.previews += 1
            return picture.resize((8, 8))

        self._number = 0
        self._begun.release()
        try:
            for number in range(1, self.steps + 1):
                self._wait()
                self._number = number
                on_step(Step(number, self.steps, preview))
                self._moved.release()
            self._wait()
        except BaseException:
            self._moved.release()
            raise
        self._moved.release()
        return picture

    def held(self) -> tuple[Held, ...]:
        return tuple(Held(request, 0) for request in self.requests[-1:])

    def close(self) -> None:
        self.closed += 1

    def _wait(self) -> None:
        if not self._free.is_set():
            error = self._moves.get(timeout=LONGEST_WAIT)
            if error:
                raise error

    # The test's side

    def begun(self) -> None:
        """Wait until a job has come in and stands before its first step."""
        assert self._begun.acquire(timeout=LONGEST_WAIT), "no job came in"

    def step(self, count: int = 1) -> None:
        """Let the job do `count` steps, and wait until they are done or have ended it."""
        for _ in range(count):
            self._move(None)

    def finish(self) -> None:
        """Let the job do what is left and return its picture."""
        self.step(self.steps - self._number + 1)

    def fail(self, error: BaseException) -> None:
        """Make the job raise `error` where it stands."""
        self._move(error)

    def let_go(self) -> None:
        """From now on wait for nothing; for the end of a test."""
        self._free.set()
        self._moves.put(None)

    def _move(self, error: BaseException | None) -> None:
        self._moves.put(error)
        assert self._moved.acquire(timeout=LONGEST_WAIT), "the job did not move"


def colour(seed: int) -> tuple[int, int, int]:
    """The colour of the picture with this seed."""
    return seed % 256, seed // 256 % 256, 128
