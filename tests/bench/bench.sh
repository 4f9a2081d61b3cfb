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
        "$@" >/dev/null 2>&1 || [ $? -lt 126 ] # an error is an answer, a crash is none
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

# inspect_figure NAME FILE LIMIT
inspect_figure() {
    figure "inspect $1" "$(median_ms 11 "$bin/decodescope-cli" inspect "$2" --output json)" "$3"
}

# write_shards FOLDER PARTS MISSING: a model in that many parts of one tensor, one of them left out
write_shards() {
    local part name header places=
    mkdir "$1"
    printf '{"model_type":"llama","hidden_size":64,"intermediate_size":256,"num_hidden_layers":2,%s}' \
        '"num_attention_heads":8,"num_key_value_heads":2,"vocab_size":100' >"$1/config.json"
    for ((part = 1; part <= $2; ++part)); do
        name=$(printf 'model-%05d-of-%05d.safetensors' "$part" "$2")
        places+=,\"t$part\":\"$name\"
        [ "$part" != "$3" ] || continue
        header="{\"t$part\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}"
        printf "\\x$(printf %02x ${#header})\\0\\0\\0\\0\\0\\0\\0%sx" "$header" >"$1/$name"
    done
    printf '{"weight_map":{%s}}' "${places#,}" >"$1/model.safetensors.index.json"
}

bench_inspect() {
    "$build/bench/bench_write_gguf" "$work/big.gguf" 40 # GiB, sparse
    inspect_figure "a sparse GGUF of 40 GiB" "$work/big.gguf" 100
    # What no model should be; tests/unit/cli/test_inspect.cpp says what is answered.
    "$build/bench/bench_write_gguf" "$work/tera.gguf" 1024
    inspect_figure "a sparse GGUF of 1 TiB" "$work/tera.gguf" 1000
    "$build/bench/bench_write_gguf" "$work/many.gguf" 40 200000
    inspect_figure "a GGUF of 200,000 tensors" "$work/many.gguf" 1000
    { yes '{"a":' | tr -d '\n' | head -c 50000000 >"$work/deep.json"; } || true # head ends it
    inspect_figure "50 MB of nested JSON" "$work/deep.json" 1000
    write_shards "$work/shards" 200 137
    inspect_figure "200 shards, one missing" "$work/shards" 1000
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

# The numbers by which x86 CPUs of one name are told apart, as members of a JSON object.
cpu_generation() {
    awk -F ': *' '/^cpu family/ {family = $2} /^model[ \t]*:/ {model = $2}
                  family != "" && model != "" {
                      printf "\"family\": %d, \"model\": %d, ", family, model
                      exit
                  }' /proc/cpuinfo 2>/dev/null || true
}

# What was measured where: the first line of a file of results.
machine_line() {
    printf '{"cpu": "%s", %s"date": "%s", "commit": "%s"}\n' \
        "$("$bin/decodescope-cli" devices --output csv | awk -F, '$1 == "cpu" {print $2}' | tr -d '"')" \
        "$(cpu_generation)" \
        "$(date -u +%F)" "$(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
}

# The kernels beside the machine's roofs, as a table and as JSON Lines in $BENCH_OUT. Beside the
# fraction of a floor, "bare" is that of a loop of the same reads and multiply-adds alone, in the
# first-level cache: no hiding of memory brings a kernel beyond it.
bench_cpu() {
    local out=${BENCH_OUT:-decodescope-out/bench-cpu.jsonl} program
    mkdir -p "$(dirname "$out")"
    machine_line >"$out"
    printf '%-26s %7s %8s %7s %6s  %s\n' case threads value limit bare unit
    for program in bench_cpu_attention bench_cpu_step; do
        "$build/bench/$program" "${BENCH_ONLY:-}" | tee -a "$out" |
            sed -u -E 's/.*"case": "([^"]*)", "threads": ([0-9]+), "value": ([0-9.]+), "limit": ([0-9.a-z]+), "unit": "([^"]*)", ("best": [0-9.]+, ("bare_loop": ([0-9.]+))?)?.*"pass": ([a-z]+).*/\1\t\2\t\3\t\4\t\5\t\9\t\8/' |
            awk -F'\t' '{mark = $6 == "true" ? "ok" : $6 == "false" ? "MISSED" : ""
                         printf "%-26s %7s %8s %7s %6s  %-36s %s\n", $1, $2, $3, $4, $7, $5, mark
                         fflush()}'
    done
    grep -q '"pass": false' "$out" && failed=1
    echo "Written to $out"
}

# Attention on a GPU beside its read bandwidth and other people's kernels; JSON Lines in $BENCH_OUT.
bench_gpu() {
    local out=${BENCH_OUT:-decodescope-out/bench-gpu.jsonl} status=0
    mkdir -p "$(dirname "$out")"
    machine_line >"$out"
    printf '%-26s %9s %9s %9s  %s\n' case us GB/s "of roof" "others, us"
    "$build/bench/bench_gpu" --device "${BENCH_DEVICE:-cuda:0}" --only "${BENCH_ONLY:-}" \
        --torch "$(dirname "${BASH_SOURCE[0]}")/bench_gpu_torch.py" | tee -a "$out" |
        sed -u -n -E 's/.*"case":"([^"]*)".*"error":"([^"]*)".*/\1\t\t\t\t\2\tfalse/p; t; s/.*"case":"([^"]*)".*"us":([0-9.e+]+),.*"gb_per_s":([0-9.e+]+),"bandwidth_share":([0-9.e+-]+),(.*)"refused":.*"pass":([a-z]+).*/\1\t\2\t\3\t\4\t\5\t\6/p' |
        awk -F'\t' '{gsub(/"|(us|bandwidth_share)_limit":[0-9.e+-]+,/, "", $5)
                     printf "%-26s %9.1f %9.0f %9.3f  %-40s %s\n", $1, $2, $3, $4, $5,
                            $6 == "true" ? "ok" : "MISSED"; fflush()}' || status=$?
    [ $status = 5 ] && exit 5
    grep -q '"pass":false' "$out" && failed=1
    echo "Written to $out"
}

# Predicted against measured steps of random models; JSON Lines in $BENCH_OUT.
bench_predict() {
    local out=${BENCH_OUT:-decodescope-out/bench-predict.jsonl} device=${BENCH_DEVICE:-cpu}
    mkdir -p "$(dirname "$out")"
    "$bin/decodescope-cli" calibrate --device "$device" --max-time "${CALIBRATION_SECONDS:-60}" >/dev/null
    { machine_line; "$build/bench/bench_predict" "${BENCH_SEED:-1}" 60 "$device"; } >"$out"
    sed -n -E 's/.*"summary": "([^"]*)".*"median_error": ([0-9.]+), "p90_error": ([0-9.]+), "median_limit": ([0-9.]+), "p90_limit": ([0-9.]+), "pass": ([a-z]+).*/\1\t\2\t\3\t\4\t\5\t\6/p' "$out" |
        awk -F'\t' '{printf "%-48s median %.3f (limit %.2f)  p90 %.3f (limit %.2f)  %s\n",
                             $1, $2, $4, $3, $5, $6 == "true" ? "ok" : "MISSED"}'
    sed -n -E 's/.*"repeats": "([^"]*)".*"median_error": ([0-9.]+), "p90_error": ([0-9.]+).*/\1\t\2\t\3/p' "$out" |
        awk -F'\t' '{printf "%-48s median %.3f               p90 %.3f\n", $1, $2, $3}'
    grep -q '"pass": false' "$out" && failed=1
    echo "Written to $out"
}

if [ $# -eq 0 ]; then set -- plan inspect plots window; fi
for name in "$@"; do
    declare -F "bench_$name" >/dev/null || { echo "bench: no bench called $name" >&2; exit 2; }
    "bench_$name"
done
exit $failed
