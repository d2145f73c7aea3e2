#!/usr/bin/env bash
# All checks, each stage under its name; stops at the first that fails.
set -euo pipefail
cd "$(dirname "$0")/.."

stage() {
    printf '\n== %s: %s\n' "$1" "${*:2}"
    "${@:2}"
}

stage tools ./scripts/tools.sh
stage format cargo fmt --all --check
stage lints cargo clippy --workspace --all-targets -q -- -D warnings
stage tests cargo test --workspace
