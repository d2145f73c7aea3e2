#!/bin/sh
# Records what SciPy computes for int16 layers (scripts/int16_oracle.py), as the golden model's vectors.
#
#   scripts/int16_oracle.sh           writes sim/golden/tests/oracle/int16.json
#   scripts/int16_oracle.sh --check   writes build/oracle/int16.json and compares with the committed one
#
# SciPy comes from PyPI into a private environment under build/. With PYTHON=... that interpreter's own is used.
set -eu
cd "$(dirname "$0")/.."
vectors=sim/golden/tests/oracle/int16.json
target=$vectors
mkdir -p build/oracle
if [ "${1:-}" = --check ]; then
    target=build/oracle/int16.json
fi
if [ -z "${PYTHON:-}" ]; then
    venv=build/oracle-scipy
    if [ ! -x "$venv/bin/python" ]; then
        python3 -m venv "$venv"
    fi
    "$venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.2.6 scipy==1.15.3
    PYTHON=$venv/bin/python
fi
"$PYTHON" scripts/int16_oracle.py "$target"
if [ "$target" != "$vectors" ]; then
    cmp "$target" "$vectors"
    echo "oracle: the committed vectors are what SciPy computes"
fi
