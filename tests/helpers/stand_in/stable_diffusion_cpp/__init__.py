"""A stand-in for stable-diffusion.cpp's Python package: its thin layer, as far as Avila calls it.

The real library knows only full-size models (2 GB, half a minute a step on a small computer), so the default
tests run this in the child: real structures, real callbacks, made-up pictures that depend on everything that
is asked for. What it is to do amiss stands in the prompt: "crash at 2" at the second call of the model, "at
0" before the first. `tests/unit/test_native_library.py` runs the real one.
"""
