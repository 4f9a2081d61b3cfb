#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# All that is to be known of a GPU, in under 8 minutes, from a bundle (./dev bundle) or a build:
#   gpu_all.sh [--device cuda:N] [--out FOLDER] [--bin FOLDER]
# self-test, calibration, attention beside its roofs and other people's kernels, predicted against
# measured steps, energy of a token. Each part has its own limit, and one that fails or hangs leaves
# the others' results. JSON Lines and a table (summary.md) go into one folder. Exit code: 0 all well,
# 1 a part failed or missed a figure, 5 no GPU that can be used.
set -uo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
device=cuda:0
out=
bin=
while [ $# -gt 0 ]; do
    case $1 in
    --device) device=${2:?a device} ;;
    --out) out=${2:?a folder} ;;
    --bin) bin=${2:?a folder} ;;
    *) sed -n '4p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
    esac
    shift 2
done

# The CLI and the programs beside it: in a bundle as they lie there, in the sources as they are built.
find_programs() {
    if [ -n "$bin" ]; then
        cli=$bin/decodescope-cli bench=$bin/bench
    elif [ -x "$here/decodescope-cli" ]; then
        cli=$here/decodescope-cli bench=$here/bench
    else
        cli=$here/../../build/release/bin/decodescope-cli bench=$here/../../build/release/bench
    fi
    torch=$bench/bench_gpu_torch.py
    [ -f "$torch" ] || torch=$here/bench_gpu_torch.py
    [ -x "$cli" ] || { echo "gpu_all: $cli is not there: build it, or name --bin" >&2; exit 2; }
}

commit() {
    cat "$here/commit" 2>/dev/null || git -C "$here" rev-parse --short HEAD 2>/dev/null || echo unknown
}

# value KEY: of the device's record, one field (the records are flat in what is asked here)
value() {
    "$cli" devices --output jsonl 2>/dev/null | grep -F "\"id\":\"$device\"" |
        sed -n -E "s/.*\"$1\":\"?([^,\"}]*)\"?[,}].*/\1/p"
}

# part NAME SECONDS OUTPUT COMMAND…: runs it within its limit; its output goes to OUTPUT, what it
# says to NAME.log, and how it ended is a line of the table.
part() {
    local name=$1 limit=$2 output=$3 status=0 start=$SECONDS said
    shift 3
    printf '%-12s … ' "$name" >&2
    timeout --kill-after=5 "$limit" "$@" >"$out/$output" 2>"$out/$name.log" </dev/null || status=$?
    case $status in
    0) said=ok ;;
    124 | 137) said="stopped after $limit s" ;;
    5) said="no device: $(tail -n 1 "$out/$name.log")" ;;
    *) said="exit code $status: $(tail -n 1 "$out/$name.log" | grep . || echo see below)" ;;
    esac
    [ $status = 0 ] || failed=1
    ! grep -q '"pass": *false' "$out/$output" || failed=1
    printf '%s (%d s)\n' "$said" $((SECONDS - start)) >&2
    printf '{"part": "%s", "status": %d, "seconds": %d}\n' "$name" "$status" $((SECONDS - start)) \
        >>"$out/parts.jsonl"
    printf '| %s | %s | %d s |\n' "$name" "${said//|/ }" $((SECONDS - start)) >>"$out/summary.md"
}

# field KEY: of each JSON line of standard input
field() { sed -n -E "s/.*\"$1\": ?\"?([^,\"}]*)\"?[,}].*/\1/p"; }

attention_table() {
    [ -s "$out/bench.jsonl" ] || return
    printf '\n| attention | µs | of read bandwidth | limit | cuDNN µs | PyTorch flash µs | PyTorch cuDNN µs | |\n'
    printf '|---|--:|--:|--:|--:|--:|--:|---|\n'
    grep '"case"' "$out/bench.jsonl" | while read -r line; do
        one() { printf '%s\n' "$line" | field "$1"; }
        local limit
        limit=$(one us_limit)
        limit=${limit:+≤ $limit µs}
        [ -n "$limit" ] || limit=$(one bandwidth_share_limit | sed 's/^/≥ /')
        printf '| %s | %s | %s | %s | %s | %s | %s | %s |\n' \
            "$(printf '%s\n' "$line" | sed -E 's/.*"case":"([^"]*)".*/\1/')" \
            "$(rounded 1 "$(one us)")" "$(rounded 3 "$(one bandwidth_share)")" "$limit" \
            "$(rounded 1 "$(one cudnn_us)")" "$(rounded 1 "$(one torch_flash_us)")" \
            "$(rounded 1 "$(one torch_cudnn_us)")" \
            "$([ "$(one pass)" = true ] && echo ok || one error | grep . || echo MISSED)"
    done
}
# rounded DECIMALS NUMBER: a dash where there is none
rounded() { if [ -n "$2" ]; then printf "%.*f" "$1" "$2"; else printf –; fi; }

prediction_table() {
    grep -q '"summary"' "$out/predict.jsonl" 2>/dev/null || return
    printf '\n| predicted | median error | limit | 90th percentile | limit | |\n|---|--:|--:|--:|--:|---|\n'
    sed -n -E 's/.*"summary": "([^"]*)".*"median_error": ([0-9.]+), "p90_error": ([0-9.]+), "median_limit": ([0-9.]+), "p90_limit": ([0-9.]+), "pass": ([a-z]+).*/| \1 | \2 | \4 | \3 | \5 | \6 |/p' \
        "$out/predict.jsonl" | sed -e 's/| true |$/| ok |/' -e 's/| false |$/| MISSED |/'
}

energy_table() {
    grep -q '"kind":"sample"' "$out/run.jsonl" 2>/dev/null || return
    printf '\n| run | context | batch | tokens/s | J a token | W | SM MHz |\n|---|--:|--:|--:|--:|--:|--:|\n'
    grep '"kind":"sample"' "$out/run.jsonl" | while read -r line; do
        one() { printf '%s\n' "$line" | field "$1"; }
        printf '| %s, %s | %s | %s | %.0f | %s | %s | %s |\n' "$(one variant)" "$(one scope)" \
            "$(one context_tokens)" "$(one batch)" "$(one tokens_per_second)" \
            "$(one energy_per_token_j)" "$(one power_w)" "$(one sm_clock_mhz)"
    done | sed 's/null//g'
}

# Where no cuBLASLt or cuDNN is installed, those that come with PyTorch will do.
use_torch_libraries() {
    local folder
    folder=$(python3 -c 'import nvidia; print(list(nvidia.__path__)[0])' 2>/dev/null) || return 0
    for folder in "$folder"/*/lib; do
        [ -d "$folder" ] && export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder
    done
}

find_programs
use_torch_libraries
out=${out:-decodescope-out/gpu-$(date -u +%Y%m%d-%H%M%S)}
mkdir -p "$out" || exit 4
export XDG_CACHE_HOME=$out/cache # a calibration of its own
failed=0
: >"$out/parts.jsonl"
name=$(value name)
driver=$(value driver_version)
available=$(value available)
reason=$(value reason)
{
    printf '# %s\n\n' "${name:-no GPU}"
    printf 'driver (CUDA) %s, %s, commit %s\n\n' "${driver:-none}" "$(date -u +%F)" "$(commit)"
    printf '| part | result | took |\n|---|---|--:|\n'
} >"$out/summary.md"
printf '{"gpu": "%s", "driver": "%s", "date": "%s", "commit": "%s", "available": %s, "reason": "%s"}\n' \
    "$name" "$driver" "$(date -u +%F)" "$(commit)" "${available:-false}" "$reason" >"$out/machine.jsonl"
if [ "$available" = true ] && command -v nvidia-smi >/dev/null; then
    nvidia-smi --query-gpu=name,driver_version,vbios_version,clocks.max.sm,clocks.max.mem,power.limit \
        --format=csv >"$out/nvidia-smi.csv" 2>/dev/null
fi

part selftest 110 selftest.txt "$cli" selftest --device "$device"
part calibrate 75 calibration.json "$cli" calibrate --device "$device" --max-time 50 --output json
part bench 130 bench.jsonl "$bench/bench_gpu" --device "$device" --torch "$torch"
part predict 80 predict.jsonl "$bench/bench_predict" 1 60 "$device"
part run 75 run.md "$cli" run --device "$device" --model llama-3.1-8b -c 4K,32K -b 1,8 \
    -a mha,gqa,mqa --peer cudnn --max-time 50 --record "$out/run.jsonl" --output md
grep -q '"kind":"sample"' "$out/run.jsonl" 2>/dev/null || # where there is no cuDNN, without it
    part energy 60 run.md "$cli" run --device "$device" --model llama-3.1-8b -c 4K,32K -b 1,8 \
        --max-time 40 --record "$out/run.jsonl" --output md

{
    attention_table
    prediction_table
    energy_table
} >>"$out/summary.md"
cat "$out/summary.md"
echo "Written to $out" >&2
if [ "$available" != true ]; then
    echo "gpu_all: $device cannot be used: ${reason:-there is no such GPU}" >&2
    exit 5
fi
exit $failed
