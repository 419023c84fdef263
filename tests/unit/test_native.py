"""The native engine's process and its ends, with a stand-in for its library (tests/helpers/stand_in)."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from avila import machine, startup
from avila.backends import native, native_process
from avila.backends.native import Native, spoken
from avila.backends.native_child import METHODS
from avila.backends.native_process import Child, Patience
from avila.engine import Engine
from avila.errors import AvilaError, Cancelled, NotEnoughMemoryError
from avila.gallery.store import Gallery
from avila.generation import GenerationRequest, Lora, Step
from avila.library.headers import read_header
from avila.library.models import Library
from tests.helpers.additions import write_lora
from tests.helpers.native_models import shapes, stand_in, write_hollow_checkpoint, write_hollow_gguf
from tests.helpers.pictures import pixels

REQUEST = GenerationRequest(
    "a red house", backend="native", model="hollow.safetensors", width=64, height=64, steps=4, seed=7
)


def nothing(_step: Step) -> None:
    pass


@pytest.fixture
def backend(native_backend: Native) -> Native:
    return native_backend


@pytest.fixture
def hasty(native_models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Native]:
    """One that loses patience after moments."""
    monkeypatch.setattr(native_process, "LOOK", 0.01)
    with stand_in():
        made = Native(Library([native_models]), Patience(idle=0.3, first=20.0, least=2.0, slowest=2.0))
        yield made
        made.close()


def process(backend: Native) -> psutil.Process:
    assert backend._child
    return psutil.Process(backend._child._process.pid)


def failing(backend: Native, prompt: str, **changes: Any) -> AvilaError:
    """The error of a picture that fails; the next one must work, and be what it was before."""
    before = backend.generate(REQUEST, nothing)
    with pytest.raises(AvilaError) as caught:
        backend.generate(replace(REQUEST, prompt=prompt, **changes), nothing)
    assert backend.generate(REQUEST, nothing) == before
    return caught.value


@pytest.mark.parametrize("prompt", ["crash at 0", "crash at 2", "crash at 4", "exit at 2"])
def test_a_crash_is_an_error_and_the_next_picture_is_made(backend: Native, prompt: str) -> None:
    error = failing(backend, prompt)
    assert error.title == "The native engine failed"
    assert ("SIGSEGV" in error.explanation) is prompt.startswith("crash")


@pytest.mark.parametrize("prompt", ["kill at 2", "abort at 1"])
def test_an_end_for_want_of_memory_says_so(backend: Native, prompt: str) -> None:
    error = failing(backend, prompt)
    assert isinstance(error, NotEnoughMemoryError)
    assert ("bad_alloc" in error.details) is prompt.startswith("abort")


def test_instructions_that_the_processor_lacks_are_named(backend: Native) -> None:
    def end(step: Step) -> None:
        process(backend).send_signal(signal.SIGILL)

    with pytest.raises(AvilaError, match="does not run on this processor"):
        backend.generate(REQUEST, end)
    assert backend.generate(REQUEST, nothing)


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("hang at 0", "did nothing"),
        ("hang at 2", "did nothing"),
        ("spin at 2", "far too long"),
        ("flood at 1", "far too much"),
        ("chatter at 1", "far too much"),
    ],
)
def test_one_that_hangs_or_floods_is_ended(hasty: Native, prompt: str, said: str) -> None:
    error = failing(hasty, prompt)
    assert said in error.explanation
    assert error.title == "The native engine failed"


def test_a_failure_of_the_library_is_told_with_what_it_logged(backend: Native) -> None:
    assert "Diffusion model sampling failed" in failing(backend, "fail at 2").details


def test_a_black_picture_is_none(backend: Native) -> None:
    assert "invalid numbers" in failing(backend, "black at 9").explanation


def test_cancelling_ends_the_process_and_begins_the_next(backend: Native) -> None:
    before = backend.generate(REQUEST, nothing)
    first = process(backend)

    def stop(step: Step) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        backend.generate(REQUEST, stop)
    assert not first.is_running()
    second = process(backend)
    assert second.is_running()
    assert backend.held() == ()
    assert backend.generate(REQUEST, nothing) == before
    assert process(backend) == second
    assert backend.held()[0].request == REQUEST


def test_cancelling_needs_not_wait_for_a_step(native_models: Path, tmp_path: Path) -> None:
    """Through the engine: the stand-in hangs in its second step, and nobody waits for it."""
    with stand_in():
        made = Native(Library([native_models]))
        gallery = Gallery(tmp_path / "pictures", tmp_path / "index.sqlite")
        engine = Engine({"native": lambda: made}, gallery)
        stepped = threading.Event()

        class Listener:
            def started(self, job: Any) -> None: ...
            def ended(self, job: Any) -> None: ...
            def stepped(self, job: Any, step: Step) -> None:
                stepped.set()

        engine.listener = Listener()
        thread = threading.Thread(target=engine.run)
        thread.start()
        try:
            job = engine.submit(replace(REQUEST, prompt="hang at 2"))
            assert stepped.wait(30)
            job.cancel()
            assert isinstance(job.result.exception(timeout=10), Cancelled)
            assert engine.submit(REQUEST).result.result(timeout=30)
        finally:
            engine.stop()
            thread.join()
            gallery.close()
        assert made._child is None


def test_it_ends_when_its_parent_does(native_models: Path) -> None:
    """A program that is killed while it paints leaves no process behind."""
    program = f"""
import sys
from pathlib import Path
from avila.backends.native import Native
from avila.generation import GenerationRequest
from avila.library.models import Library
made = Native(Library([Path({str(native_models)!r})]))
request = GenerationRequest("hang at 2", backend="native", model="hollow.safetensors", width=64, height=64)
made.generate(request, lambda step: print(made._child._process.pid, flush=True))
"""
    with stand_in():
        parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert not psutil.wait_procs([child], timeout=10)[1]


def test_neither_side_imports_torch_or_pillow_before_it_is_ready(native_models: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from avila.backends.native import Native
from avila.generation import GenerationRequest
from avila.library.models import Library
made = Native(Library([Path({str(native_models)!r})]))
request = GenerationRequest("a", backend="native", model="hollow.safetensors", width=64, height=64, seed=1)
made.generate(request, lambda step: step.preview())
made.close()
print(sorted({{"torch", "diffusers", "transformers", "onnxruntime"}} & set(sys.modules)))
import avila.backends.native_child
"""
    with stand_in():
        said = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
        )
        light = subprocess.run(
            [sys.executable, "-c", "import sys, avila.backends.native_child; print(*sys.modules)"],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
    assert said.stdout.strip() == "[]"
    assert not said.stderr  # no leak is told of, and the library's own output does not come through
    assert not {"numpy", "PIL", "psutil", "stable_diffusion_cpp"} & set(light.stdout.split())


def test_two_processes_share_the_pictures_without_a_file_left(backend: Native) -> None:
    backend.generate(REQUEST, nothing)
    open_files = process(backend).open_files()
    assert not any("avila-" in file.path and Path(file.path).exists() for file in open_files)


def test_what_the_process_holds_counts_as_ours(backend: Native) -> None:
    backend.generate(REQUEST, nothing)
    own = psutil.Process().memory_info().rss
    child = process(backend)
    assert machine.others == {child.pid}
    assert abs(machine.memory_used() - own - child.memory_info().rss) < 20_000_000
    assert machine.peak_memory() >= machine.memory_used() - 20_000_000
    backend.close()
    assert not machine.others


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a cat (sleeping)", r"a cat \(sleeping)"),
        ("(cat:1.2)", r"\(cat: 1.2)"),
        ("[a] b", " a  b"),
        ("now BREAK then", "now break then"),
        (r"a \(b\)", r"a \ \(b\ )"),
        ("a\x00b\ud800", "a b?"),
    ],
)
def test_words_are_told_so_that_none_gets_a_weight(text: str, told: str) -> None:
    assert spoken(text) == told


def jobs_of(backend: Native, request: GenerationRequest) -> dict[str, Any]:
    return backend._painting(request, backend._library.find(request.model)).job


def test_each_sampler_visits_the_diffusers_engines_noise(backend: Native) -> None:
    """The first and the last levels of Stable Diffusion 1 by its schedule, and each sampler has a method."""
    for sampler in Native.abilities.samplers:
        picture = jobs_of(backend, replace(REQUEST, sampler=sampler, steps=20))["picture"]
        assert picture["method"] in METHODS
        sigmas = picture["sigmas"]
        assert len(sigmas) == 21
        assert 11 < sigmas[0] < 14.7
        assert sigmas[-1] < 0.03
    euler = jobs_of(backend, replace(REQUEST, sampler="Euler", steps=2))["picture"]["sigmas"]
    assert euler == pytest.approx([14.6146, 0.0292, 0.0], abs=1e-4)
    kept = jobs_of(backend, replace(REQUEST, sampler="Euler", steps=20, follow_draft=50))["picture"]
    assert len(kept["sigmas"]) == 11
    assert kept["begins"]


def test_seeds_are_those_of_torch(backend: Native) -> None:
    """torch's generator for the processor uses the lowest 32 bits."""
    largest = jobs_of(backend, replace(REQUEST, seed=2**64 - 1))["picture"]["seed"]
    assert largest == 2**32 - 1
    first, again = (backend.generate(replace(REQUEST, seed=seed), nothing) for seed in (5, 5 + 2**40))
    assert first == again


def test_inpainting_models_get_a_mask_that_covers_everything(tmp_path: Path) -> None:
    write_hollow_checkpoint(tmp_path / "paint.safetensors", shapes(channels=9))
    with stand_in():
        backend = Native(Library([tmp_path]))
        request = replace(REQUEST, model="paint.safetensors")
        painting = backend._painting(request, backend._library.find("paint"))
        assert painting.job["picture"]["inpaints"]
        assert painting.picture
        assert painting.picture.getcolors() == [(64 * 64, (128, 128, 128))]
        assert backend.generate(request, nothing).size == (64, 64)
        backend.close()


def test_the_vaes_encoder_is_read_when_a_picture_needs_it(backend: Native) -> None:
    plain = pixels(backend, REQUEST)
    pixels(backend, replace(REQUEST, follow_draft=50))
    assert np.array_equal(pixels(backend, REQUEST), plain)


def test_loras_and_vaes_are_handed_over_and_those_of_other_families_refused(tmp_path: Path) -> None:
    write_hollow_checkpoint(tmp_path / "hollow.safetensors", shapes())
    write_lora(tmp_path / "ink.safetensors")
    vae = {name: shape for name, shape in shapes().items() if name.startswith("first_stage_model.")}
    write_hollow_checkpoint(
        tmp_path / "other.vae.safetensors",
        {name.removeprefix("first_stage_model."): shape for name, shape in vae.items()},
    )
    with stand_in():
        backend = Native(Library([tmp_path]))
        plain = backend.generate(REQUEST, nothing)
        first = process(backend)
        inked = replace(REQUEST, loras=(Lora("ink", 0.5),))
        assert jobs_of(backend, inked)["picture"]["loras"] == [(str(tmp_path / "ink.safetensors"), 0.5)]
        assert backend.generate(inked, nothing) != plain
        assert backend.generate(REQUEST, nothing) == plain
        other = replace(REQUEST, vae="other.vae")
        assert backend.generate(other, nothing) != plain
        assert process(backend) == first  # it loads anew by itself
        backend.close()


def test_embeddings_get_names_that_the_library_keeps_whole(tmp_path: Path) -> None:
    write_hollow_checkpoint(tmp_path / "hollow.safetensors", shapes())
    write_hollow_checkpoint(tmp_path / "bad-hands-5.safetensors", {"emb_params": (2, 768)})
    write_hollow_checkpoint(tmp_path / "xl.safetensors", {"clip_l": (2, 768), "clip_g": (2, 1280)})
    with stand_in():
        backend = Native(Library([tmp_path]))
        job = jobs_of(backend, replace(REQUEST, prompt="an xl house", negative_prompt="Bad-Hands-5, people"))
        [(word, path)] = job["model"]["embeddings"]
        assert (job["picture"]["negative"], path) == (
            f"{word}, people",
            str(tmp_path / "bad-hands-5.safetensors"),
        )
        assert word.isalpha()
        assert jobs_of(backend, REQUEST)["model"]["embeddings"] == []


@pytest.mark.parametrize("cores", [1, 2, 3, 4, 16])
def test_one_core_is_left_to_the_window(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(cores)), raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert native.threads() == (cores - 1 if cores >= 4 else cores)


def test_gguf_models_are_models_of_this_engine_alone(native_models: Path) -> None:
    with stand_in():
        library = Library([native_models], lacking=startup.lacking)
        quantised, whole = library.find("hollow-q8_0"), library.find("hollow")
        assert (quantised.family, quantised.dtype, quantised.problem) == ("sd1", "q8_0", "")
        assert startup.engines_for(quantised) == ["native"]
        assert startup.engines_for(whole) == ["diffusers", "native"]
        request = startup.complete(library, replace(REQUEST, backend="", model="hollow-q8_0"))
        assert request.backend == "native"


def test_without_the_library_they_say_what_they_lack(
    native_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "installed", lambda engine: engine != "native")
    monkeypatch.setattr(native, "installed", lambda: False)
    library = Library([native_models], lacking=startup.lacking)
    assert "stable-diffusion.cpp" in library.find("hollow-q8_0").problem
    assert not library.find("hollow").problem
    with pytest.raises(AvilaError, match="not installed") as caught:
        Native(library).generate(REQUEST, nothing)
    assert "avila-diffusion[native]" in caught.value.advice


def test_a_library_that_does_not_load_is_told(native_models: Path, tmp_path: Path) -> None:
    place = tmp_path / "stable_diffusion_cpp"
    place.mkdir()
    (place / "__init__.py").write_text("raise RuntimeError('Failed to load shared library')")
    with stand_in(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path) + os.pathsep + os.environ["PYTHONPATH"])
        backend = Native(Library([native_models]))
        with pytest.raises(AvilaError, match="cannot be started") as caught:
            backend.generate(REQUEST, nothing)
        backend.close()
    assert "Failed to load shared library" in caught.value.details


def test_a_process_that_cannot_be_begun_is_told(
    backend: Native, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    with pytest.raises(AvilaError, match="cannot be started"):
        backend.generate(REQUEST, nothing)
    monkeypatch.undo()
    with stand_in():
        assert backend.generate(REQUEST, nothing)


def test_one_that_was_ended_between_two_pictures_is_begun_anew(backend: Native) -> None:
    before = backend.generate(REQUEST, nothing)
    process(backend).kill()
    os.waitid(os.P_PID, process(backend).pid, os.WEXITED | os.WNOWAIT)
    assert backend.generate(REQUEST, nothing) == before


@pytest.mark.parametrize(
    ("name", "make", "said"),
    [
        ("refused.safetensors", lambda path: write_hollow_checkpoint(path, shapes()), "could not be loaded"),
        ("cut.safetensors", lambda path: cut_off(write_hollow_checkpoint(path, shapes())), "cannot be used"),
        ("cut.gguf", lambda path: cut_off(write_hollow_gguf(path, shapes())), "cannot be used"),
        ("small.safetensors", lambda path: write_hollow_checkpoint(path, small()), "cannot be used"),
        ("edits.safetensors", lambda path: write_hollow_checkpoint(path, shapes(8)), "cannot be used"),
        ("text.gguf", lambda path: path.write_text("hello"), "cannot be used"),
    ],
)
def test_what_it_cannot_load_is_refused_in_words(
    tmp_path: Path, name: str, make: Callable[[Path], Any], said: str
) -> None:
    make(tmp_path / name)
    with stand_in():
        backend = Native(Library([tmp_path]))
        with pytest.raises(AvilaError) as caught:
            backend.generate(replace(REQUEST, model=name), nothing)
        backend.close()
    assert said in caught.value.title
    assert caught.value.explanation


def test_a_file_that_is_cut_off_after_it_was_found_is_not_loaded(tmp_path: Path) -> None:
    path = write_hollow_checkpoint(tmp_path / "hollow.safetensors", shapes())
    with stand_in():
        backend = Native(Library([tmp_path]))
        assert backend.generate(REQUEST, nothing)
        cut_off(path)
        with pytest.raises(AvilaError):
            backend.generate(REQUEST, nothing)
        backend.close()


@pytest.mark.parametrize("change", [{"refiner": "hollow"}, {"ema": True}])
def test_what_it_cannot_do_is_refused(backend: Native, change: dict[str, Any]) -> None:
    with pytest.raises(AvilaError, match="native engine"):
        backend.generate(replace(REQUEST, **change), nothing)


def test_a_process_is_ready_at_once() -> None:
    """Half a second is promised; a busy computer is given more here."""
    with stand_in():
        child = Child()
        lines = [line for line in iter(child._next, b'{"ready": true}\n') if line]
        child.end()
    assert not lines


def cut_off(path: Path) -> Path:
    os.truncate(path, path.stat().st_size - 1_000_000)
    return path


def small() -> dict[str, tuple[int, ...]]:
    """A whole model that is one channel narrower at its beginning."""
    found = shapes()
    first = "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight"
    return found | {first: (49409, 768)}


def test_the_shapes_are_those_of_a_whole_model(native_models: Path) -> None:
    assert len(read_header(native_models / "hollow.safetensors").tensors) > 1000
    assert np.prod(shapes()["first_stage_model.decoder.conv_out.weight"]) == 3 * 128 * 9
