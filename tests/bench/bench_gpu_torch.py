#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""PyTorch's scaled_dot_product_attention, measured for bench_gpu: a line of JSON in, a line out.

{"heads": 32, "kv_heads": 8, "head_dim": 128, "context": 4096, "batch": 1, "dtype": "bf16",
 "layers": 16}      makes as many caches; answers {"ready": [names], "refused": {name: why}}
{"repeat": 10}      times them; answers {name: [microseconds of one call, …]}

Times are of replays of a CUDA graph with one call for each cache, as bench_gpu's own are.
"""
import json
import sys

try:
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.nn.functional import scaled_dot_product_attention

    if not torch.cuda.is_available():
        raise ImportError("it finds no GPU")
except (ImportError, OSError) as cause:
    print(json.dumps({"missing": str(cause)}), flush=True)
    sys.exit(0)

BACKENDS = {
    "torch_flash": SDPBackend.FLASH_ATTENTION,
    "torch_cudnn": SDPBackend.CUDNN_ATTENTION,
}
DTYPES = {"f16": torch.float16, "bf16": torch.bfloat16}


def first_line(cause):
    return (str(cause).splitlines() or [type(cause).__name__])[0]


def record(backend, query, caches):
    """A graph of one call for each cache. The first calls, outside of it, load the kernels."""

    def call_all():
        with sdpa_kernel([backend]):
            for keys, values in caches:
                scaled_dot_product_attention(query, keys, values, enable_gqa=True)

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            call_all()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call_all()
    return graph


def prepare(case):
    """Graphs by name, and why the others are not there."""
    dtype = DTYPES.get(case["dtype"])
    if dtype is None:
        why = f"PyTorch's attention takes no {case['dtype']} cache"
        return {}, {name: why for name in BACKENDS}
    shape = (case["batch"], case["kv_heads"], case["context"], case["head_dim"])

    def random(*size):
        return torch.randn(*size, device="cuda", dtype=dtype)

    try:
        query = random(case["batch"], case["heads"], 1, case["head_dim"])
        caches = [(random(*shape), random(*shape)) for _ in range(case["layers"])]
    except RuntimeError as cause:
        return {}, {name: first_line(cause) for name in BACKENDS}
    graphs, refused = {}, {}
    for name, backend in BACKENDS.items():
        try:
            graphs[name] = record(backend, query, caches)
            graphs[name].replay()
            torch.cuda.synchronize()
        except RuntimeError as cause:
            graphs.pop(name, None)
            refused[name] = first_line(cause)
    return graphs, refused


def time_graph(graph, calls, repeats):
    times = []
    for _ in range(repeats):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        graph.replay()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) * 1000 / calls)
    return times


def main():
    graphs, calls = {}, 1
    for line in sys.stdin:
        asked = json.loads(line)
        if "repeat" in asked:
            answer = {n: time_graph(g, calls, asked["repeat"]) for n, g in graphs.items()}
        else:
            graphs = {}
            torch.cuda.empty_cache()
            calls = asked["layers"]
            graphs, refused = prepare(asked)
            answer = {"ready": list(graphs), "refused": refused, "version": torch.__version__}
        print(json.dumps(answer), flush=True)


main()
