"""stable-diffusion.cpp in a process of its own, which may crash, hang or be ended at any time.

    python -P -m avila.backends.native_child MEMORY

MEMORY is the number of an inherited file (POSIX) or the name of a mapping (Windows): bytes that both
processes see, for pictures. On stdin comes one job a line, on stdout goes what becomes of it, JSON both:

    {"ready": true}               once, before anything heavy is imported
    {"loading": [done, all]}      tensors; now and then
    {"call": n, "size": [w, h]}   the model was asked for the n-th time; the preview lies in its place
    {"done": [w, h]}              the picture lies in its place
    {"wrong": one of WRONG, "details": text}

What the library itself prints goes to stderr. When stdin closes, whoever wanted pictures is gone, and so is
this process.
"""

import ctypes
import json
import mmap
import os
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

WRONG = ("library", "model", "picture", "memory")
LARGEST_SIDE = 2048  # pixels
PICTURE = LARGEST_SIDE * LARGEST_SIDE * 3  # bytes of the one given, and then of the one made
PREVIEW = PICTURE // 64  # bytes of one preview, at an eighth of the size
PREVIEWS = 8  # places for them, used in turn, so that none is written while it is read
BYTES = PICTURE + PREVIEWS * PREVIEW
EVERY = 0.2  # seconds between two lines while a model is read
NICE = 5  # this process gives way to the window
WARNING = 2  # the library's level of logging from which a line is kept
METHODS = {"euler": 0, "euler a": 1, "heun": 2, "dpm++ 2m": 5, "lcm": 9}  # the library's numbers
PREDICTIONS = {"epsilon": 0, "v_prediction": 1}
CPU_NOISE = 2  # of its generators: torch's, for the first noise and for the samplers'
LORA_AT_RUNTIME = 2  # the model's own weights stay as they are
PROJECTED = 1  # previews by a fixed matrix from latents to colours

Say = Callable[[dict[str, Any]], None]


def place_of_preview(call: int) -> int:
    """Where the preview of the n-th call begins in the common memory."""
    return PICTURE + call % PREVIEWS * PREVIEW


def open_memory(name: str) -> mmap.mmap:
    """The common memory; see MEMORY above."""
    if sys.platform == "win32":
        return mmap.mmap(-1, BYTES, tagname=name)
    return mmap.mmap(int(name), BYTES)


class Library:
    """stable-diffusion.cpp with the model that is loaded.

    The package's own class frees callbacks that the library goes on calling, turns the process's output off
    and leaks each picture, so its thinner layer is used: the C functions and structures by their names.
    """

    def __init__(self, memory: mmap.mmap, say: Say) -> None:
        """Raises ImportError, OSError or RuntimeError when the library is not there or does not load."""
        from stable_diffusion_cpp import stable_diffusion_cpp as functions

        self._sd, self._memory, self._say = functions, memory, say
        self._context: Any = None
        self._loaded: dict[str, Any] = {}
        self._encodes = False
        self._calls = 0
        self._said = 0.0
        self.warnings: deque[str] = deque(maxlen=8)
        # The library keeps calling these, so they live as long as it does.
        self._callbacks = (
            functions.sd_log_callback(self._log),
            functions.sd_progress_callback(self._progress),
            functions.sd_preview_callback(self._preview),
        )
        log, progress, preview = self._callbacks
        functions.sd_set_log_callback(log, None)
        functions.sd_set_progress_callback(progress, None)
        functions.sd_set_preview_callback(preview, PROJECTED, 1, True, False, None)

    def load(self, model: dict[str, Any], encodes: bool) -> bool:
        """Have this model in memory, and no other; whether it could be loaded.

        The VAE's encoder comes with it from the first picture on that needs it.
        """
        if model == self._loaded and (self._encodes or not encodes):
            return True
        self.free()
        sd = self._sd
        embeddings = model["embeddings"]
        array = (sd.sd_embedding_t * max(1, len(embeddings)))()
        for item, (word, path) in zip(array, embeddings, strict=False):
            item.name, item.path = word.encode(), _path(path)
        wanted = sd.sd_ctx_params_t()
        sd._lib.sd_ctx_params_init(ctypes.byref(wanted))
        wanted.model_path = _path(model["path"])
        wanted.vae_path = _path(model["vae"])
        wanted.embeddings = array
        wanted.embedding_count = len(embeddings)
        wanted.vae_decode_only = not encodes
        wanted.free_params_immediately = False
        wanted.n_threads = model["threads"]
        wanted.rng_type = wanted.sampler_rng_type = CPU_NOISE
        if model["prediction"]:  # else the library looks
            wanted.prediction = PREDICTIONS[model["prediction"]]
        wanted.lora_apply_mode = LORA_AT_RUNTIME
        self._context = sd.new_sd_ctx(ctypes.pointer(wanted))
        if not self._context:
            self._context = None
            return False
        self._loaded, self._encodes = model, encodes
        return True

    def free(self) -> None:
        """Forget the model."""
        if self._context is not None:
            self._sd.free_sd_ctx(self._context)
        self._context, self._loaded = None, {}

    def paint(self, picture: dict[str, Any]) -> tuple[int, int] | None:
        """Make the picture, into its place in the memory; returns its width and height, None on failure."""
        sd, width, height = self._sd, picture["width"], picture["height"]
        self._calls = 0
        wanted = sd.sd_img_gen_params_t()
        sd._lib.sd_img_gen_params_init(ctypes.byref(wanted))
        loras = (sd.sd_lora_t * max(1, len(picture["loras"])))()
        for item, (path, weight) in zip(loras, picture["loras"], strict=False):
            item.path, item.multiplier = _path(path), weight
        wanted.loras, wanted.lora_count = loras, len(picture["loras"])
        wanted.prompt, wanted.negative_prompt = picture["prompt"].encode(), picture["negative"].encode()
        wanted.width, wanted.height, wanted.seed, wanted.batch_count = width, height, picture["seed"], 1
        wanted.strength = 1.0  # what is kept of a picture is said by the first of the sigmas
        kept = []
        if picture["begins"]:  # with what lies in the memory
            kept.append((ctypes.c_uint8 * (3 * width * height)).from_buffer_copy(self._memory))
            _point(wanted.init_image, width, height, 3, kept[-1])
        if picture["inpaints"]:  # everywhere
            kept.append((ctypes.c_uint8 * (width * height)).from_buffer_copy(b"\xff" * (width * height)))
            _point(wanted.mask_image, width, height, 1, kept[-1])
        sampling = wanted.sample_params
        sigmas = (ctypes.c_float * len(picture["sigmas"]))(*picture["sigmas"])
        sampling.custom_sigmas, sampling.custom_sigmas_count = sigmas, len(sigmas)
        sampling.sample_steps = len(sigmas) - 1
        sampling.sample_method = METHODS[picture["method"]]
        sampling.guidance.txt_cfg = sampling.guidance.img_cfg = picture["cfg"]
        tiling = wanted.vae_tiling_params
        tiling.enabled = picture["tile"] > 0
        tiling.tile_size_x = tiling.tile_size_y = picture["tile"]
        made = sd.generate_image(self._context, ctypes.pointer(wanted))
        if not made or not made[0].data:
            return None
        image = made[0]
        size = int(image.width), int(image.height)
        self._memory[: size[0] * size[1] * 3] = ctypes.string_at(image.data, size[0] * size[1] * 3)
        _free(image.data)
        _free(made)
        return size

    def _log(self, level: int, line: bytes, _data: object) -> None:
        if level >= WARNING:
            text = line.decode("utf-8", "replace")
            self.warnings.append(text.strip())
            sys.stderr.write(text)

    def _progress(self, step: int, steps: int, _seconds: float, _data: object) -> None:
        """Tensors as they are read; also steps, which `_preview` tells of, and tiles."""
        now = time.monotonic()
        if not self._calls and now - self._said > EVERY:
            self._said = now
            self._say({"loading": [step, steps]})

    def _preview(self, _step: int, _count: int, frames: Any, _noisy: bool, _data: object) -> None:
        """The model was asked once more."""
        self._calls += 1
        frame = frames[0]
        count = frame.width * frame.height * 3
        begin = place_of_preview(self._calls)
        if count <= PREVIEW:
            self._memory[begin : begin + count] = ctypes.string_at(frame.data, count)
        self._say({"call": self._calls, "size": [int(frame.width), int(frame.height)]})


def main(memory: mmap.mmap, say: Say) -> None:
    """Work through the jobs, one after another, for ever."""
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_jobs, args=(jobs,), daemon=True).start()
    say({"ready": True})
    library: Library | None = None
    while True:
        job = json.loads(jobs.get())
        try:
            library = library or Library(memory, say)
            say(_work(library, job))
        except (ImportError, OSError, RuntimeError, AttributeError) as error:
            say({"wrong": "library", "details": f"{type(error).__name__}: {error}"[:2000]})
        except MemoryError:
            say({"wrong": "memory", "details": ""})


def _work(library: Library, job: dict[str, Any]) -> dict[str, Any]:
    library.warnings.clear()
    if not library.load(job["model"], job["picture"]["begins"]):
        return {"wrong": "model", "details": "\n".join(library.warnings)[-2000:]}
    size = library.paint(job["picture"])
    if size is None:
        library.free()  # it may be in any state
        return {"wrong": "picture", "details": "\n".join(library.warnings)[-2000:]}
    return {"done": size}


def _read_jobs(jobs: "queue.SimpleQueue[bytes]") -> None:
    for line in sys.stdin.buffer:
        jobs.put(line)
    os._exit(0)


def _path(path: str) -> bytes:
    """As the library opens files: UTF-8 on Windows, elsewhere as the system has it."""
    return path.encode("utf-8", "surrogateescape")


def _point(image: Any, width: int, height: int, channels: int, data: Any) -> None:
    image.width, image.height, image.channel = width, height, channels
    image.data = ctypes.cast(data, ctypes.POINTER(ctypes.c_uint8))


def _free(pointer: Any) -> None:
    """Give back what the library allocated for us; on Windows, who knows by which runtime it did."""
    if sys.platform != "win32":
        free = ctypes.CDLL(None).free
        free.argtypes, free.restype = [ctypes.c_void_p], None
        free(ctypes.cast(pointer, ctypes.c_void_p))


def _start() -> None:
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what else is printed
    if sys.platform != "win32":
        with suppress(OSError):
            os.nice(NICE)

    def say(told: dict[str, Any]) -> None:
        lines.write(json.dumps(told) + "\n")
        lines.flush()

    main(open_memory(sys.argv[1]), say)


if __name__ == "__main__":
    _start()
