#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# end_to_end.sh BUILD OUT: a person's first quarter of an hour in two minutes, with a real window
# manager and real key strokes: an empty home, numbers within 5 s, a model that is dropped, a field
# that is typed into, a run, a zoom, a pinned baseline, another run, what differs between the two, an
# export, the window closed in mid-run, the recording opened again. Each step is checked by what it
# leaves; pictures of all are in OUT.
set -euo pipefail

BUILD=$(realpath "$1")
mkdir -p "$2"
OUT=$(realpath "$2")
readonly BUILD OUT SIZE=1440x900
HOME=$(mktemp -d)
export HOME XDG_CONFIG_HOME=$HOME/.config XDG_DATA_HOME=$HOME/.local/share \
    XDG_CACHE_HOME=$HOME/.cache XDG_RUNTIME_DIR=$HOME/run QT_QPA_PLATFORM=xcb LC_ALL=C.UTF-8
mkdir -p "$XDG_RUNTIME_DIR"
chmod 700 "$XDG_RUNTIME_DIR"

children=()
cleanup() {
    kill "${children[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$HOME"
}
trap cleanup EXIT

step=0
picture() {
    step=$((step + 1))
    import -window root "$(printf '%s/%02d-%s.png' "$OUT" "$step" "$1")"
}
ok() { printf 'ok    %s\n' "$1"; }
fail() {
    picture failed || true
    printf 'FAIL  %s\n' "$1" >&2
    exit 1
}
# until_true SECONDS WHAT COMMAND…: fails unless the command comes true in time
until_true() {
    local seconds=$1 what=$2
    shift 2
    local end=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "$what (waited $seconds s)"
        sleep 0.1
    done
    ok "$what"
}

start_display() {
    local number
    for number in $(seq 90 120); do
        [ -e "/tmp/.X11-unix/X$number" ] || break
    done
    Xvfb ":$number" -screen 0 "${SIZE}x24" -nolisten tcp 2>/dev/null &
    children+=($!)
    export DISPLAY=:$number
    until_true 10 "a display" xdotool getdisplaygeometry
    openbox 2>/dev/null &
    children+=($!)
    sleep 1 # until it manages windows
}

window() { xdotool search --onlyvisible --name 'DecodeScope$' 2>/dev/null | tail -1; }
is_open() { [ -n "$(window)" ]; }
open_window() {
    "$BUILD/bin/decodescope" "$@" >>"$OUT/window.log" 2>&1 &
    app=$!
    children+=("$app")
    until_true 10 "the window opens" is_open
    xdotool windowmove "$(window)" 0 0 windowsize "$(window)" ${SIZE/x/ }
    sleep 0.5
}
focus() { xdotool windowactivate --sync "$(window)"; }
key() { focus && xdotool key --clearmodifiers "$@" && sleep 0.3; }
is_gone() { ! kill -0 "$app" 2>/dev/null; }

recordings() { find "$XDG_DATA_HOME" -name '*.jsonl' 2>/dev/null | sort; }
newest() { recordings | tail -1; }
# of_kind KIND FILE: lines of a recording
of_kind() { grep -c "\"kind\":\"$1\"" "$2" || true; }
has_samples() { [ -n "$(newest)" ] && [ "$(of_kind sample "$(newest)")" -ge "$1" ]; }
more_recordings() { [ "$(recordings | wc -l)" -gt "$1" ]; }
is_done() { [ "$(of_kind "done" "$(newest)")" -ge 1 ]; }

start_display

# ---- an empty home: numbers within 5 s ---------------------------------------------------------
began=$(date +%s%N)
open_window
until_true 10 "the quick look has measured three variants" has_samples 3
took=$((($(date +%s%N) - began) / 1000000))
[ $took -le 5500 ] || fail "real numbers after $took ms"
ok "real numbers after $took ms"
until_true 10 "the quick look ends" is_done
sleep 0.5
picture home

# ---- a model is dropped ------------------------------------------------------------------------
"$BUILD/bench/bench_write_gguf" "$HOME/dropped.gguf" 16
"$BUILD/tests/drag_source" "$HOME/dropped.gguf" &
source=$!
children+=("$source")
until_true 10 "something to drag" xdotool search --onlyvisible --name 'drag source'
from=$(xdotool search --onlyvisible --name 'drag source' | tail -1)
xdotool windowmove "$from" 1200 700
sleep 0.5
xdotool mousemove 1300 740 mousedown 1
for x in 1290 1250 1150 1000 900 850 840; do
    xdotool mousemove $x 450
    sleep 0.15
done
xdotool mouseup 1
sleep 1
kill $source
grep -q dropped.gguf "$XDG_CONFIG_HOME/decodescope/decodescope.conf" || sleep 2
grep -q dropped.gguf "$XDG_CONFIG_HOME/decodescope/decodescope.conf" ||
    fail "a dropped model is opened"
ok "a dropped model is opened"
picture dropped

# ---- fields are typed into, and the model is measured ------------------------------------------
# type_into X Y TEXT: in place of what stands in the field there, and on to the next
type_into() {
    focus
    xdotool mousemove "$1" "$2" click 1
    replace "$3"
}
# type_on TEXT: the same in the field after the one that has the focus
type_on() {
    xdotool key Tab
    replace "$1"
}
replace() {
    sleep 0.2
    xdotool key ctrl+a type --delay 15 "$1"
    xdotool key Tab
    sleep 0.3
}
type_into 200 211 2     # layers
type_into 200 751 1K,2K # contexts; the focus is on the batch then
type_on 6               # seconds
picture typed
# run_once: presses F5 and waits for the end; the recording is the newest then
run_once() {
    local before
    before=$(recordings | wc -l)
    key F5
    until_true 15 "F5 starts a run" more_recordings "$before"
    until_true 60 "a point is measured" has_samples 1
    picture measuring
    until_true 90 "the run ends" is_done
    sleep 0.5
}
run_once
first=$(newest)
grep -q '"layer_count":2' "$first" || fail "what was typed is what is measured"
ok "what was typed is what is measured ($(of_kind sample "$first") points)"
picture measured

# ---- zoom --------------------------------------------------------------------------------------
plot() { import -window root -crop 660x230+310+255 +repage "$1"; }
focus
xdotool mousemove 700 400
sleep 0.3
plot "$OUT/.before.png"
xdotool click 4 click 4 click 4
sleep 0.5
plot "$OUT/.after.png"
if cmp -s "$OUT/.before.png" "$OUT/.after.png"; then fail "the wheel zooms"; fi
ok "the wheel zooms"
picture zoomed
rm -f "$OUT/.before.png" "$OUT/.after.png"

# ---- a baseline is pinned, and another run laid beside it --------------------------------------
key ctrl+shift+b
run_once
second=$(newest)
[ "$first" != "$second" ] || fail "another run has a recording of its own"
picture baseline
"$BUILD/bin/decodescope-cli" compare "$first" "$second" --output md >"$OUT/compare.md" ||
    fail "two recordings are compared"
ok "two recordings are compared"

# ---- exports by the keyboard alone -------------------------------------------------------------
# export_as N FILE: the tab that is shown, in the N-th format of the list
export_as() {
    key ctrl+shift+e
    until_true 10 "the export is asked about" xdotool search --onlyvisible --name '^Export$'
    xdotool key Home
    if [ "$1" -gt 1 ]; then xdotool key --repeat $(($1 - 1)) --delay 30 Down; fi
    sleep 0.3
    picture export
    xdotool key Return
    sleep 1.5
    xdotool key ctrl+a type --delay 10 "$2"
    picture file
    xdotool key Return
    until_true 15 "$(basename "$2") is written" test -s "$2"
}
export_as 1 "$HOME/chart.png"
[ "$(head -c 4 "$HOME/chart.png" | tail -c 3)" = PNG ] || fail "a chart is a picture"
cp "$HOME/chart.png" "$OUT/exported.png"

# ---- what differs from the baseline ------------------------------------------------------------
plot "$OUT/.before.png"
key ctrl+9 # the last tab
sleep 0.5
plot "$OUT/.after.png"
if cmp -s "$OUT/.before.png" "$OUT/.after.png"; then fail "the Compare tab is shown"; fi
rm -f "$OUT/.before.png" "$OUT/.after.png"
picture compared
export_as 6 "$HOME/compared.json"
cp "$HOME/compared.json" "$OUT"
# ratios FILE: of a comparison as JSON, a line each
ratios() { grep -o '"tpot_ratio": [0-9.e+-]*' "$1" | sort; }
"$BUILD/bin/decodescope-cli" compare "$first" "$second" --output json >"$OUT/.compare.json" ||
    fail "two recordings are compared as JSON"
[ -n "$(ratios "$HOME/compared.json")" ] || fail "the Compare tab has ratios"
[ "$(ratios "$HOME/compared.json")" = "$(ratios "$OUT/.compare.json")" ] ||
    fail "the Compare tab shows the ratios that the terminal does"
rm -f "$OUT/.compare.json"
ok "the Compare tab shows the ratios of $(ratios "$HOME/compared.json" | wc -l) points"
key ctrl+1

# ---- the window is closed in mid-run -----------------------------------------------------------
type_into 200 211 32 # layers: it takes longer
before=$(recordings | wc -l)
key F5
until_true 15 "a longer run starts" more_recordings "$before"
until_true 60 "it has a point" has_samples 1
focus
xdotool key alt+F4
until_true 15 "the window closes" is_gone
third=$(newest)
[ "$(of_kind sample "$third")" -ge 1 ] || fail "what was measured is kept"
ok "what was measured is kept ($(of_kind sample "$third") points)"
sleep 1
if pgrep -f "$BUILD/bin/decodescope-cli run" >/dev/null; then fail "the worker ends with it"; fi
ok "the worker ends with it"

# ---- and opened again --------------------------------------------------------------------------
open_window --no-quick-look "$third"
sleep 2
picture reopened
focus
xdotool key alt+F4
until_true 10 "the window closes" is_gone
"$BUILD/bin/decodescope" "$third" --export "$OUT/report.html" 2>>"$OUT/window.log"
grep -q partial "$OUT/report.html" || fail "the report says that the run is partial"
ok "the report says that the run is partial"
