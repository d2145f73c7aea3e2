#!/bin/sh
# Records what PyTorch computes for A3C networks (scripts/a3c_oracle.py), as the golden A3C's vectors.
#
#   scripts/a3c_oracle.sh           writes sim/golden/tests/oracle/a3c.json
#   scripts/a3c_oracle.sh --check   writes build/oracle/a3c.json and compares with the committed one
#
# PyTorch is Debian's, unpacked once under build/torch (about 150 MB fetched) and not installed: nothing outside
# build/ changes. With PYTHON=... that interpreter's own torch is used instead.
set -eu
cd "$(dirname "$0")/.."
vectors=sim/golden/tests/oracle/a3c.json
target=$vectors
if [ "${1:-}" = --check ]; then
    mkdir -p build/oracle
    target=build/oracle/a3c.json
fi

if [ -n "${PYTHON:-}" ]; then
    "$PYTHON" scripts/a3c_oracle.py "$target"
else
    torch=$PWD/build/torch
    if [ ! -f "$torch/done" ]; then
        mkdir -p "$torch/debs" "$torch/root"
        packages=$(apt-get install -s --no-install-recommends python3-torch | awk '/^Inst/ { print $2 }')
        (cd "$torch/debs" && apt-get download $packages)
        for package in "$torch"/debs/*.deb; do dpkg -x "$package" "$torch/root"; done
        touch "$torch/done"
    fi
    usr=$torch/root/usr/lib root_lib=$torch/root/lib/$(gcc -print-multiarch)
    lib=$usr/$(gcc -print-multiarch)
    PYTHONPATH=$usr/python3/dist-packages \
        LD_LIBRARY_PATH=$usr:$lib:$lib/blas:$lib/lapack:$root_lib \
        /usr/bin/python3 scripts/a3c_oracle.py "$target"
fi

if [ "$target" != "$vectors" ]; then
    cmp "$target" "$vectors"
    echo "oracle: the committed vectors are what PyTorch computes"
fi
