#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures what a person waits for, on this machine: bench.sh BUILD_DIR [NAME…]
# Each figure is the median of several runs beside the figure it should reach.
set -euo pipefail
build=$1
shift
bin=$build/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# median_ms RUNS COMMAND…: wall milliseconds, median
median_ms() {
    local runs=$1 i start
    shift
    for ((i = 0; i < runs; ++i)); do
        start=${EPOCHREALTIME/./}
        "$@" >/dev/null 2>&1
        echo $((${EPOCHREALTIME/./} - start))
    done | sort -n | awk '{v[NR] = $1} END {printf "%.1f", v[int((NR + 1) / 2)] / 1000}'
}

# figure NAME VALUE LIMIT: one line of the table
figure() {
    local mark=ok
    if awk -v v="$2" -v l="$3" 'BEGIN {exit !(v > l)}'; then
        mark=MISSED
        failed=1
    fi
    printf '%-44s %10s ms   limit %8s ms   %s\n' "$1" "$2" "$3" "$mark"
}

bench_plan() {
    figure "plan, default model, three variants" \
        "$(median_ms 21 "$bin/decodescope-cli" plan --context 8K --output json)" 50
}

bench_inspect() {
    "$build/bench/bench_write_gguf" "$work/big.gguf" 40 # GiB, sparse
    figure "inspect a sparse GGUF of 40 GiB" \
        "$(median_ms 11 "$bin/decodescope-cli" inspect "$work/big.gguf" --output json)" 100
}

bench_plots() {
    local name value
    while read -r name value; do
        figure "repaint, 100,000 samples: $name" "$value" 16
    done < <(QT_QPA_PLATFORM=offscreen "$build/bench/bench_plots")
}

# The window: first paint, first measured point, and the longest stall during a run on all cores.
bench_window() {
    local name value limit
    while read -r name value limit; do
        figure "window: ${name//_/ }" "$value" "$limit"
    done < <(QT_QPA_PLATFORM=offscreen "$build/bench/bench_window" "$bin")
}

if [ $# -eq 0 ]; then set -- plan inspect plots window; fi
for name in "$@"; do
    declare -F "bench_$name" >/dev/null || { echo "bench: no bench called $name" >&2; exit 2; }
    "bench_$name"
done
exit $failed
