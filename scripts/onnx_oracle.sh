#!/bin/sh
# Records what onnxruntime answers to the quantised forms of MNIST-8 (scripts/onnx_oracle.py).
#
#   scripts/onnx_oracle.sh           writes tests/tests/oracle/onnx.json
#   scripts/onnx_oracle.sh --check   writes build/oracle/onnx.json and compares with the committed one
#
# The models are in CORTADO_DATA (default ../shared/data). onnxruntime comes from PyPI into a private environment under
# build/. With PYTHON=... that interpreter's own is used.
set -eu
cd "$(dirname "$0")/.."
answers=tests/tests/oracle/onnx.json
target=$answers
mkdir -p build/oracle "$(dirname "$answers")"
if [ "${1:-}" = --check ]; then
    target=build/oracle/onnx.json
fi
if [ -z "${PYTHON:-}" ]; then
    venv=build/oracle-onnx
    if [ ! -x "$venv/bin/python" ]; then
        python3 -m venv "$venv"
    fi
    "$venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
    PYTHON=$venv/bin/python
fi
"$PYTHON" scripts/onnx_oracle.py "${CORTADO_DATA:-../shared/data}" "$target"
if [ "$target" != "$answers" ]; then
    cmp "$target" "$answers"
    echo "oracle: the committed answers are what onnxruntime gives"
fi
