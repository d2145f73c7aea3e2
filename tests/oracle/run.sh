#!/bin/sh
# Records what TensorFlow Lite's reference kernels compute, as the vectors the golden model is held to.
#
#   tests/oracle/run.sh           writes tests/oracle/vectors/*.json
#   tests/oracle/run.sh --check   writes build/oracle/vectors and compares with the committed ones
#
# Models are read from $CORTADO_DATA (default ../shared/data beside the repository). The two
# interpreters need different numpy versions, so each has a private environment under build/.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
data=${CORTADO_DATA:-$root/../shared/data}
work=$root/build/oracle
vectors=$root/tests/oracle/vectors
target=$vectors
if [ "${1:-}" = --check ]; then
    target=$work/vectors
fi
mkdir -p "$work" "$target"

environment() { # name packages...
    venv=$root/build/oracle-$1
    shift
    if [ ! -x "$venv/bin/python" ]; then
        python3 -m venv "$venv"
    fi
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$@"
}
environment tflite 'numpy<2' tflite-runtime==2.14.0
environment litert ai-edge-litert==2.3.0

script=$root/tests/oracle/make_vectors.py
"$root/build/oracle-tflite/bin/python" "$script" dump tflite "$data" "$work/tflite.npz"
"$root/build/oracle-litert/bin/python" "$script" dump litert "$data" "$work/litert.npz"
"$root/build/oracle-tflite/bin/python" "$script" merge "$work" "$target"

if [ "$target" != "$vectors" ]; then
    diff -r "$target" "$vectors"
    echo "oracle: the committed vectors are what the interpreters compute"
fi
