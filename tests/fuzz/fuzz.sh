#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzes what the program reads: fuzz.sh BUILD_DIR SECONDS [TARGET…]
# The seconds are divided among the targets (all by default). What a run learns is kept in
# BUILD_DIR/corpus, what it finds in BUILD_DIR/findings.
set -euo pipefail
build=$1
seconds=$2
shift 2
here=$(dirname "${BASH_SOURCE[0]}")
if [ $# -eq 0 ]; then set -- hf_config gguf safetensors quality_csv recording options; fi
each=$(((seconds + $# - 1) / $#))
findings=$build/findings
mkdir -p "$findings"
failed=0
# Freed memory is watched for a while, but not for 256 MiB of it, which halves the speed.
export ASAN_OPTIONS=quarantine_size_mb=8:malloc_context_size=8${ASAN_OPTIONS:+:$ASAN_OPTIONS}

for target in "$@"; do
    program=$build/bin/fuzz_$target
    [ -x "$program" ] || { echo "fuzz: no target called $target" >&2; exit 2; }
    learned=$build/corpus/$target
    seeds=("$here/corpus/$target")
    [ "$target" != hf_config ] || seeds+=("$here/../data/hf_configs")
    mkdir -p "$learned"
    log=$findings/$target.log
    status=0
    # No reader may ask for 64 MiB at once, or keep an input for 20 s (a sanitizer and a busy
    # machine make everything slow).
    "$program" -max_total_time="$each" -print_funcs=0 -print_final_stats=1 -max_len=65536 \
        -malloc_limit_mb=64 -rss_limit_mb=1024 -timeout=20 -artifact_prefix="$findings/$target-" \
        -dict="$here/dictionaries/$target.dict" "$learned" "${seeds[@]}" 2>"$log" || status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf '%-12s %10s executions   %s\n' "$target" "${runs:-?}" \
        "$([ $status = 0 ] && echo "no finding" || echo FINDING)"
    if [ $status != 0 ]; then
        failed=1
        grep -E 'broken promise|runtime error|SUMMARY|Test unit written' "$log" || tail -n 20 "$log"
    fi
done
exit $failed
