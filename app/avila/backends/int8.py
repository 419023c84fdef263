"""One exported network's linear layers in int8, by ONNX Runtime's own tool, and how far that is from float32.

    python -m avila.backends.int8 SOURCE TARGET HEIGHT WIDTH

works in a process of its own, for the memory that it takes. SOURCE and TARGET are folders with a MODEL; it is
checked with HEIGHT x WIDTH latents. On stdout, {"wrong": …, "details": …} before it ends with 1. When its
stdin is closed, whoever wanted the files is gone, and so is the process.
"""

import errno
import json
import logging
import os
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Any

from avila.backends.devices import out_of_memory
from avila.library.children import be_child
from avila.library.exported import MODEL, clear_part, write_done

# Relative RMS error: SD 1.5's UNet has 1 %. Beyond this the pictures are others.
LARGEST_ERROR = 0.1
INFERRED = "model-inferred.onnx"  # what the tool writes beside the source, and removes
SPREAD = {"timestep": (500.0, 0.0), "time_ids": (512.0, 0.0)}  # of inputs: mean and deviation; others 0 and 1
WORDS = 512  # of a vocabulary: every tokenizer has the single bytes


class DifferentError(Exception):
    """A network that int8 spoils."""


def main(source: Path, target: Path, sides: tuple[int, int]) -> int:
    """Quantise and check; returns the exit status."""
    try:
        quantise(source, target, sides)
    except DifferentError as error:
        return _fail("different", str(error))
    except ImportError as error:
        return _fail("missing", str(error))
    except OSError as error:
        full = error.errno in (None, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        return _fail("full" if full else "unwritable", str(error))
    except Exception as error:
        if not out_of_memory(error):
            raise
        return _fail("memory", f"{type(error).__name__}: {error}")
    finally:
        (source / INFERRED).unlink(missing_ok=True)
    return 0


def quantise(source: Path, target: Path, sides: tuple[int, int]) -> float:
    """Write `target`; the relative RMS error of its answers. Raises DifferentError, OSError."""
    from onnxruntime.quantization import quantize_dynamic

    target.mkdir(parents=True, exist_ok=True)
    clear_part(target)
    logging.getLogger().setLevel(logging.ERROR)  # it advises a step that the export has done
    quantize_dynamic(
        source / MODEL,
        target / MODEL,
        op_types_to_quantize=["MatMul", "Gemm"],  # its convolutions would be slower than in float32
        use_external_data_format=True,
    )
    for file in target.iterdir():
        shutil.copymode(source / MODEL, file)  # the tool's is for nobody else
        with file.open("rb+") as written:
            os.fsync(written.fileno())
    error = _error(source / MODEL, target / MODEL, sides)
    if not error <= LARGEST_ERROR:
        raise DifferentError(f"{target.name}: relative error {error:.3g}")
    write_done(target, error)
    return error


def _error(exact: Path, other: Path, sides: tuple[int, int]) -> float:
    """The RMS of the difference, of all outputs, over the RMS of the exact answers."""
    import numpy as np

    given: dict[str, Any] = {}
    answers = [_answers(path, sides, given) for path in (exact, other)]
    pairs = [(left.ravel(), right.ravel()) for left, right in zip(*answers, strict=True)]
    exactly = np.concatenate([left for left, _right in pairs])
    difference = np.concatenate([left - right for left, right in pairs])
    return float(np.sqrt(np.mean(difference**2) / max(float(np.mean(exactly**2)), 1e-12)))


def _answers(path: Path, sides: tuple[int, int], given: dict[str, Any]) -> list[Any]:
    """What a network answers to `given`, which is drawn when it is empty."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    generator = np.random.default_rng(0)
    for wanted in session.get_inputs() if not given else ():
        free = iter((1, *sides))  # batch, then height and width
        shape = [side if isinstance(side, int) else next(free) for side in wanted.shape]
        if wanted.type == "tensor(int64)":
            given[wanted.name] = generator.integers(0, WORDS, shape)
        else:
            mean, deviation = SPREAD.get(wanted.name, (0.0, 1.0))
            given[wanted.name] = np.asarray(mean + deviation * generator.standard_normal(shape), np.float32)
    return list(session.run(None, given))


def _fail(wrong: str, details: str) -> int:
    print(json.dumps({"wrong": wrong, "details": details[:4000]}), flush=True)
    return 1


if __name__ == "__main__":
    be_child(partial(main, Path(sys.argv[1]), Path(sys.argv[2]), (int(sys.argv[3]), int(sys.argv[4]))))
