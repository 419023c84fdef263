#!/bin/sh
# Builds the wheel of the native engine's library, stable-diffusion.cpp with its Python package, into dist/.
#
#     packaging/native-wheel.sh [PYTHON]
#
# From the pinned source distribution, whose checksum is compared: PyPI has no wheels of it. Needs a C++ compiler
# (cmake comes by itself), 1 GB of room and some minutes of all cores. CMAKE_ARGS adds flags of one's own.
set -eu

VERSION=0.4.7
SHA256=998d1957260dd5ae4e18a8acc0c14b0a8757aaa9f96515197b6d5bbf46df9282
PYTHON=${1:-python3}
HERE=$(cd "$(dirname "$0")/.." && pwd)

# GGML_NATIVE=OFF: not for the processor that builds it alone, but for every x86 one with AVX2, FMA, F16C and BMI2
#   (x86-64-v3, 2013 and later); said one by one, since ggml leaves them all off where SOURCE_DATE_EPOCH is set.
#   On ARM they have no effect.
# GGML_LLAMAFILE=ON: 1.6 times as fast on the processor.
# With gcc, the library needs libgomp.so.1 where it runs (Debian: libgomp1, which nearly every system has).
FLAGS="-DGGML_NATIVE=OFF -DGGML_LLAMAFILE=ON"
FLAGS="$FLAGS -DGGML_SSE42=ON -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_BMI2=ON -DGGML_FMA=ON -DGGML_F16C=ON"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 'stable-diffusion-cpp-python==%s --hash=sha256:%s\n' "$VERSION" "$SHA256" > "$work/pinned.txt"
mkdir -p "$HERE/dist"
CMAKE_ARGS="$FLAGS ${CMAKE_ARGS:-}" "$PYTHON" -m pip wheel --disable-pip-version-check --no-deps \
    --no-binary stable-diffusion-cpp-python --no-cache-dir --require-hashes -r "$work/pinned.txt" \
    --wheel-dir "$HERE/dist"
ls -l "$HERE"/dist/stable_diffusion_cpp_python-*.whl
