"""The queue, moved by hand: order, cancelling, failures, and the end."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from avila.engine import Engine, Job, State
from avila.errors import AvilaError, Cancelled, NotEnoughMemoryError
from avila.estimate import Runs
from avila.gallery.store import Gallery
from avila.generation import Abilities, GenerationRequest, Step
from tests.helpers.handmoved import LONGEST_WAIT, HandMoved, colour

REQUEST = GenerationRequest(prompt="a hill", backend="hand", width=64, height=64, seed=7)


@dataclass
class Diary:
    """A listener that writes everything down."""

    lines: list[tuple[str, int, int]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)

    def started(self, job: Job) -> None:
        self._write("started", job, 0)

    def stepped(self, job: Job, step: Step) -> None:
        self._write("stepped", job, step.number)

    def ended(self, job: Job) -> None:
        self._write(f"ended {job.state.value}", job, 0)

    def _write(self, what: str, job: Job, number: int) -> None:
        self.lines.append((what, job.request.seed, number))
        self.threads.add(threading.get_ident())


@dataclass
class Workshop:
    """An engine at work in a thread, with its parts in reach."""

    engine: Engine
    hand: HandMoved
    diary: Diary
    gallery: Gallery
    thread: threading.Thread
    made: list[str]

    def leave(self) -> None:
        self.engine.stop()
        self.hand.let_go()
        self.thread.join(LONGEST_WAIT)
        assert not self.thread.is_alive()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    hand, diary, made = HandMoved(steps=4), Diary(), list[str]()

    def make() -> HandMoved:
        made.append("hand")
        return hand

    gallery = Gallery(tmp_path / "pictures", tmp_path / "index.sqlite")
    engine = Engine({"hand": make}, gallery)
    engine.listener = diary
    thread = threading.Thread(target=engine.run)
    thread.start()
    workshop = Workshop(engine, hand, diary, gallery, thread, made)
    yield workshop
    workshop.leave()
    gallery.close()


def error_of(job: Job) -> BaseException:
    error = job.result.exception(LONGEST_WAIT)
    assert error is not None
    return error


def one_more(shop: Workshop) -> None:
    """The engine lives: the next job becomes a picture."""
    job = shop.engine.submit(REQUEST)
    shop.hand.begun()
    shop.hand.finish()
    entry = job.result.result(LONGEST_WAIT)
    with Image.open(entry.path) as image:
        assert image.getpixel((0, 0)) == colour(7)
    assert job.state is State.DONE


def test_what_a_picture_took_is_remembered(tmp_path: Path) -> None:
    hand, runs = HandMoved(steps=3), Runs(tmp_path / "runs.json")
    gallery = Gallery(tmp_path / "pictures", tmp_path / "index.sqlite")
    engine = Engine({"hand": lambda: hand}, gallery, runs)
    thread = threading.Thread(target=engine.run)
    thread.start()
    job = engine.submit(REQUEST)
    hand.begun()
    assert not runs.holds(REQUEST)
    hand.finish()
    job.result.result(LONGEST_WAIT)
    engine.stop()
    hand.let_go()
    thread.join(LONGEST_WAIT)
    gallery.close()
    assert runs.holds(REQUEST)
    estimate = runs.expect(REQUEST)
    assert estimate and estimate.seconds > 0 and estimate.memory > 0


def test_what_stays_in_memory_after_a_failure_is_known(tmp_path: Path) -> None:
    hand, runs = HandMoved(steps=3), Runs(tmp_path / "runs.json")
    gallery = Gallery(tmp_path / "pictures", tmp_path / "index.sqlite")
    engine = Engine({"hand": lambda: hand}, gallery, runs)
    thread = threading.Thread(target=engine.run)
    thread.start()
    job = engine.submit(REQUEST)
    hand.begun()
    assert not runs.holds(REQUEST)
    hand.fail(MemoryError())
    assert isinstance(error_of(job), NotEnoughMemoryError)
    assert runs.holds(REQUEST), "as the backend says"
    assert runs.expect(REQUEST) is None
    engine.stop()
    hand.let_go()
    thread.join(LONGEST_WAIT)
    gallery.close()


def test_a_job_becomes_a_picture_in_the_gallery(shop: Workshop) -> None:
    job = shop.engine.submit(REQUEST)
    shop.hand.begun()
    assert job.state is State.RUNNING
    shop.hand.finish()
    entry = job.result.result(LONGEST_WAIT)
    assert entry.request == REQUEST
    assert entry.seconds > 0
    assert [e.path for e in shop.gallery.entries()] == [entry.path]
    shop.leave()
    steps = [("stepped", 7, number) for number in (1, 2, 3, 4)]
    assert shop.diary.lines == [("started", 7, 0), *steps, ("ended done", 7, 0)]
    assert shop.diary.threads == {shop.thread.ident}
    assert shop.hand.previews == 0  # nobody looked, so nobody paid


def test_jobs_run_in_the_order_they_came(shop: Workshop) -> None:
    jobs = [shop.engine.submit(request) for request in REQUEST.batch(3)]
    for position in range(3):
        shop.hand.begun()
        assert shop.engine.jobs == jobs[position:]
        shop.hand.finish()
    entries = [job.result.result(LONGEST_WAIT) for job in jobs]
    assert [entry.request.seed for entry in entries] == [7, 8, 9]
    assert [entry.path for entry in shop.gallery.entries()] == [entry.path for entry in reversed(entries)]


def test_a_random_seed_is_drawn_when_submitted(shop: Workshop) -> None:
    job = shop.engine.submit(GenerationRequest(prompt="a hill", backend="hand", width=64, height=64))
    assert job.request.seed >= 0
    shop.hand.begun()
    shop.hand.finish()
    assert job.result.result(LONGEST_WAIT).request == job.request


def test_a_queued_job_that_is_cancelled_never_starts(shop: Workshop) -> None:
    first, second, third = (shop.engine.submit(request) for request in REQUEST.batch(3))
    shop.hand.begun()
    second.cancel()
    assert shop.engine.jobs == [first, third]
    shop.hand.finish()
    shop.hand.begun()
    shop.hand.finish()
    third.result.result(LONGEST_WAIT)
    assert isinstance(error_of(second), Cancelled)
    assert second.state is State.CANCELLED
    assert [request.seed for request in shop.hand.requests] == [7, 9]
    assert ("started", 8, 0) not in shop.diary.lines


@pytest.mark.parametrize("done", [0, 1, 3])
def test_a_running_job_stops_at_its_next_step(shop: Workshop, done: int) -> None:
    job = shop.engine.submit(REQUEST)
    shop.hand.begun()
    shop.hand.step(done)
    job.cancel()
    shop.hand.step()
    assert isinstance(error_of(job), Cancelled)
    assert job.state is State.CANCELLED
    assert [line for line in shop.diary.lines if line[0] == "stepped"] == [
        ("stepped", 7, number + 1) for number in range(done)
    ]
    assert shop.gallery.entries() == []
    one_more(shop)


def test_a_job_cancelled_after_its_last_step_is_not_kept(shop: Workshop) -> None:
    job = shop.engine.submit(REQUEST)
    shop.hand.begun()
    shop.hand.step(4)
    job.cancel()
    shop.hand.step()
    assert isinstance(error_of(job), Cancelled)
    assert shop.gallery.entries() == []


@pytest.mark.parametrize("done", [0, 2, 4])
def test_a_failure_at_any_step_leaves_the_engine_alive(
    shop: Workshop, done: int, caplog: pytest.LogCaptureFixture
) -> None:
    job = shop.engine.submit(REQUEST)
    shop.hand.begun()
    shop.hand.step(done)
    shop.hand.fail(ZeroDivisionError("nothing to divide"))
    error = error_of(job)
    assert isinstance(error, AvilaError)
    assert error.details == "ZeroDivisionError: nothing to divide"
    assert job.state is State.FAILED
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info
    caplog.clear()
    one_more(shop)


def test_what_the_person_can_mend_comes_through_as_it_is(
    shop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    cause = AvilaError("The model is damaged", "It ends too early.", "Download it again.")
    job = shop.engine.submit(REQUEST)
    shop.hand.begun()
    shop.hand.fail(cause)
    assert error_of(job) is cause
    assert not caplog.records
    one_more(shop)


def test_out_of_memory_is_said_so(shop: Workshop) -> None:
    job = shop.engine.submit(REQUEST)
    shop.hand.begun()
    shop.hand.fail(MemoryError())
    assert str(error_of(job)).startswith("Not enough memory")
    one_more(shop)


def test_a_picture_that_cannot_be_kept_fails_its_job_only(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = AvilaError("The disk is full")
    with monkeypatch.context() as patch:
        patch.setattr(shop.gallery, "add", lambda *_: (_ for _ in ()).throw(full))
        job = shop.engine.submit(REQUEST)
        shop.hand.begun()
        shop.hand.finish()
        assert error_of(job) is full
    one_more(shop)


def test_a_backend_is_made_once_and_only_when_needed(shop: Workshop) -> None:
    assert shop.made == []
    for _ in range(2):
        one_more(shop)
    assert shop.made == ["hand"]
    shop.leave()
    assert shop.hand.closed == 1


def test_an_unknown_engine_is_named_with_the_known_ones(shop: Workshop) -> None:
    job = shop.engine.submit(GenerationRequest(prompt="", backend="magic"))
    error = error_of(job)
    assert "magic" in str(error)
    assert "hand" in str(error)
    one_more(shop)


def test_a_backend_that_cannot_be_made_fails_the_job_and_is_tried_again(
    shop: Workshop, tmp_path: Path
) -> None:
    answers: list[AvilaError | None] = [AvilaError("not installed"), None]

    def make() -> HandMoved:
        if error := answers.pop(0):
            raise error
        return shop.hand

    engine = Engine({"hand": make}, shop.gallery)
    shop.hand.let_go()
    thread = threading.Thread(target=engine.run)
    thread.start()
    first, second = engine.submit(REQUEST), engine.submit(REQUEST)
    assert str(error_of(first)) == "not installed"
    assert second.result.result(LONGEST_WAIT).request == REQUEST
    engine.stop()
    thread.join(LONGEST_WAIT)


def test_a_request_outside_the_abilities_never_reaches_the_backend(shop: Workshop) -> None:
    shop.hand.abilities = Abilities(size_multiple=8)
    job = shop.engine.submit(GenerationRequest(prompt="", backend="hand", width=100, height=64))
    assert "96" in str(error_of(job))
    assert shop.hand.requests == []


def test_stopping_ends_every_job_and_takes_no_more(shop: Workshop) -> None:
    jobs = [shop.engine.submit(request) for request in REQUEST.batch(4)]
    shop.hand.begun()
    shop.hand.step()
    shop.engine.stop()
    shop.hand.step()
    shop.thread.join(LONGEST_WAIT)
    assert not shop.thread.is_alive()
    assert [job.state for job in jobs] == [State.CANCELLED] * 4
    assert all(isinstance(error_of(job), Cancelled) for job in jobs)
    assert shop.engine.jobs == []
    assert shop.hand.closed == 1
    with pytest.raises(AvilaError, match="closing"):
        shop.engine.submit(REQUEST)
    shop.engine.stop()  # once more does no harm


def test_cancel_all_ends_what_runs_and_what_waits_but_not_the_engine(shop: Workshop) -> None:
    jobs = [shop.engine.submit(request) for request in REQUEST.batch(3)]
    shop.hand.begun()
    shop.engine.cancel_all()
    shop.hand.step()
    assert all(isinstance(error_of(job), Cancelled) for job in jobs)
    one_more(shop)


def test_who_looks_gets_the_preview_of_the_step(shop: Workshop) -> None:
    sizes: list[tuple[int, int]] = []

    class Looking(Diary):
        def stepped(self, job: Job, step: Step) -> None:
            sizes.append(step.preview().size)

    shop.engine.listener = Looking()
    one_more(shop)
    assert sizes == [(8, 8)] * 4
    assert shop.hand.previews == 4
