#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# compile_cuda.sh REPORT COMMAND…: runs nvcc and keeps what ptxas reports of each kernel in REPORT.
# What is no report (a warning, an error) is shown.
report=$1
shift
"$@" 2>"$report"
status=$?
grep -vE '^ptxas info|bytes stack frame|^$' "$report" >&2
exit $status
