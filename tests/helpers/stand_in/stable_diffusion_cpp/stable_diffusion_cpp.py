"""The structures and functions; see the package's docstring. Names and fields are the library's."""

import ctypes
import os
import random
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

AMISS = re.compile(r"\b(crash|kill|abort|hang|spin|flood|chatter|long|nonsense|fail|black|exit) at (\d+)")
EFFECTS = os.environ.get("AVILA_STAND_IN", "")  # as in a prompt, for what has none


class sd_image_t(ctypes.Structure):  # noqa: N801
    _fields_ = [
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("channel", ctypes.c_uint32),
        ("data", ctypes.POINTER(ctypes.c_uint8)),
    ]


class sd_embedding_t(ctypes.Structure):  # noqa: N801
    _fields_ = [("name", ctypes.c_char_p), ("path", ctypes.c_char_p)]


class sd_lora_t(ctypes.Structure):  # noqa: N801
    _fields_ = [
        ("is_high_noise", ctypes.c_bool),
        ("multiplier", ctypes.c_float),
        ("path", ctypes.c_char_p),
    ]


class sd_ctx_params_t(ctypes.Structure):  # noqa: N801
    _fields_ = [
        ("model_path", ctypes.c_char_p),
        ("vae_path", ctypes.c_char_p),
        ("embeddings", ctypes.POINTER(sd_embedding_t)),
        ("embedding_count", ctypes.c_uint32),
        ("vae_decode_only", ctypes.c_bool),
        ("free_params_immediately", ctypes.c_bool),
        ("n_threads", ctypes.c_int),
        ("rng_type", ctypes.c_int),
        ("sampler_rng_type", ctypes.c_int),
        ("prediction", ctypes.c_int),
        ("lora_apply_mode", ctypes.c_int),
    ]


class sd_tiling_params_t(ctypes.Structure):  # noqa: N801
    _fields_ = [("enabled", ctypes.c_bool), ("tile_size_x", ctypes.c_int), ("tile_size_y", ctypes.c_int)]


class sd_guidance_params_t(ctypes.Structure):  # noqa: N801
    _fields_ = [("txt_cfg", ctypes.c_float), ("img_cfg", ctypes.c_float)]


class sd_sample_params_t(ctypes.Structure):  # noqa: N801
    _fields_ = [
        ("guidance", sd_guidance_params_t),
        ("sample_method", ctypes.c_int),
        ("sample_steps", ctypes.c_int),
        ("custom_sigmas", ctypes.POINTER(ctypes.c_float)),
        ("custom_sigmas_count", ctypes.c_int),
    ]


class sd_img_gen_params_t(ctypes.Structure):  # noqa: N801
    _fields_ = [
        ("loras", ctypes.POINTER(sd_lora_t)),
        ("lora_count", ctypes.c_uint32),
        ("prompt", ctypes.c_char_p),
        ("negative_prompt", ctypes.c_char_p),
        ("init_image", sd_image_t),
        ("mask_image", sd_image_t),
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("sample_params", sd_sample_params_t),
        ("strength", ctypes.c_float),
        ("seed", ctypes.c_int64),
        ("batch_count", ctypes.c_int),
        ("vae_tiling_params", sd_tiling_params_t),
    ]


sd_log_callback = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
sd_progress_callback = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_int, ctypes.c_float, ctypes.c_void_p)
sd_preview_callback = ctypes.CFUNCTYPE(
    None, ctypes.c_int, ctypes.c_int, ctypes.POINTER(sd_image_t), ctypes.c_bool, ctypes.c_void_p
)
_callbacks: dict[str, Any] = {}


class _lib:  # noqa: N801
    @staticmethod
    def sd_ctx_params_init(_pointer: Any) -> None:
        """All zeros are well."""

    @staticmethod
    def sd_img_gen_params_init(_pointer: Any) -> None:
        """All zeros are well."""


def sd_set_log_callback(callback: Any, _data: Any) -> None:
    _callbacks["log"] = callback


def sd_set_progress_callback(callback: Any, _data: Any) -> None:
    _callbacks["progress"] = callback


def sd_set_preview_callback(
    callback: Any, mode: int, interval: int, denoised: bool, noisy: bool, _data: Any
) -> None:
    assert (mode, interval, denoised, noisy) == (1, 1, True, False)
    _callbacks["preview"] = callback


def new_sd_ctx(pointer: Any) -> Any:
    """A context: here, what the pictures of this model depend on. None for a model named "refused"."""
    params = pointer.contents
    path = Path(os.fsdecode(params.model_path))
    print("loading", path)  # the library prints, too
    for tensor in range(3):
        _callbacks["progress"](tensor, 3, 0.0, None)
    _amiss(EFFECTS, 0)
    if "refused" in path.name:
        _callbacks["log"](3, b"get sd version from file failed\n", None)
        return None
    assert (params.rng_type, params.sampler_rng_type) == (2, 2)
    _callbacks["encodes"] = not params.vae_decode_only
    embeddings = [params.embeddings[n].name for n in range(params.embedding_count)]
    return [path.name, params.vae_path, params.prediction, params.lora_apply_mode, embeddings]


def free_sd_ctx(context: Any) -> None:
    assert context
    context.clear()  # whoever used it now would fail


def generate_image(context: Any, pointer: Any) -> Any:
    params = pointer.contents
    sampling = params.sample_params
    prompt = params.prompt.decode()
    _amiss(prompt, 0)
    sigmas = list(sampling.custom_sigmas[: sampling.custom_sigmas_count])
    assert sampling.sample_steps == len(sigmas) - 1
    assert sigmas == sorted(set(sigmas), reverse=True), sigmas
    width, height = params.width, params.height
    assert params.seed >= 0
    assert width % 64 == height % 64 == 0
    given = bytes(params.init_image.data[: 3 * width * height]) if params.init_image.data else b""
    assert _callbacks["encodes"] or not given, "the library would crash"
    mask = bytes(params.mask_image.data[: width * height]) if params.mask_image.data else b""
    key = repr((
        *context, prompt, params.negative_prompt, params.seed, sigmas, sampling.sample_method,
        sampling.guidance.txt_cfg, width, height, hash_of(given), hash_of(mask), params.strength,
        [(params.loras[n].path, params.loras[n].multiplier) for n in range(params.lora_count)],
        params.vae_tiling_params.enabled and params.vae_tiling_params.tile_size_x,
    ))  # fmt: skip
    heun = sampling.sample_method == 2
    calls = 2 * sampling.sample_steps - 1 if heun else sampling.sample_steps
    for call in range(1, calls + 1):
        pixels = (ctypes.c_uint8 * (width * height * 3 // 64)).from_buffer_copy(
            random.Random(f"{key}{call}").randbytes(width * height * 3 // 64)
        )
        frame = sd_image_t(width // 8, height // 8, 3, ctypes.cast(pixels, ctypes.POINTER(ctypes.c_uint8)))
        _callbacks["preview"](call, 1, ctypes.pointer(frame), False, None)
        _callbacks["progress"](call, calls, 0.0, None)
        if _amiss(prompt, call) == "fail":
            _callbacks["log"](3, b"Diffusion model sampling failed\n", None)
            return None
    count = width * height * 3
    pixels = bytes(count) if "black at" in prompt else random.Random(key).randbytes(count)
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    data, image = libc.malloc(count), libc.malloc(ctypes.sizeof(sd_image_t))
    ctypes.memmove(data, pixels, count)
    made = ctypes.cast(image, ctypes.POINTER(sd_image_t))
    made[0] = sd_image_t(width, height, 3, ctypes.cast(data, ctypes.POINTER(ctypes.c_uint8)))
    return made


def convert(source: bytes, _vae: bytes, target: bytes, kind: int, _rules: bytes, convert_name: bool) -> bool:
    """Write a GGUF of the source's names and shapes, its weights hollow."""
    from tests.helpers.native_models import gguf_of

    assert not convert_name
    _amiss(EFFECTS, 0)
    for tensor in range(3):
        _callbacks["progress"](tensor, 3, 0.0, None)
    if "refused" in os.fsdecode(source):
        _callbacks["log"](3, b"init model loader from file failed\n", None)
        return False
    gguf_of(Path(os.fsdecode(source)), Path(os.fsdecode(target)), kind)
    return True


def hash_of(data: bytes) -> int:
    return int.from_bytes(random.Random(data).randbytes(8), "little") if data else 0


def _amiss(text: str, call: int) -> str:
    """Do what the text says about this call; returns the word for what the caller has to do."""
    for what, when in AMISS.findall(text):
        if int(when) != call:
            continue
        match what:
            case "crash":
                ctypes.string_at(0)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "abort":
                print("terminate called: std::bad_alloc", file=sys.stderr, flush=True)
                os.abort()
            case "exit":
                os._exit(3)
            case "hang":
                time.sleep(600)
            case "spin":
                while True:
                    pass
            case "flood":
                while True:
                    _callbacks["preview"](1, 1, ctypes.pointer(sd_image_t()), False, None)
            case "chatter":
                while True:
                    os.write(2, b"x" * 1_000_000)
            case _:
                return str(what)
    return ""
