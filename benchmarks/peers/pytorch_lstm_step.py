#!/usr/bin/python3
"""Times one training step of one LSTM layer (width 512, batch 32, length 128; float32) in PyTorch and in Idiolect, alternating.

    dotnet build -c Release benchmarks/Idiolect.Benchmarks
    /usr/bin/python3 benchmarks/peers/pytorch_lstm_step.py

A step is forward and backward from a given output gradient to the gradients of all weights and of the input. Needs the packages
that pytorch_train_step.py names. Prints the median of each round, then of all steps, and how many times as fast Idiolect is.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytorch_train_step as peer
import torch

WIDTH, BATCH, TIME, WARMUP = 512, 32, 128, 3
THREADS = len(os.sched_getaffinity(0))  # as many as Idiolect takes
ROOT = Path(__file__).resolve().parents[2]


def pytorch_steps(count):
    torch.manual_seed(1)
    lstm = torch.nn.LSTM(WIDTH, WIDTH)
    x = torch.randn(TIME, BATCH, WIDTH, requires_grad=True)
    gradient = torch.randn(TIME, BATCH, WIDTH)
    times = []
    for step in range(-WARMUP, count):
        start = time.perf_counter()
        lstm.zero_grad(set_to_none=True)
        x.grad = None
        y, _ = lstm(x)
        y.backward(gradient)
        if step >= 0:
            times.append((time.perf_counter() - start) * 1e3)
    return times


def idiolect_steps(program, count, precision):
    result = subprocess.run([program, "lstm", str(count), precision], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{program} ended with {result.returncode}: {result.stderr.strip()}")
    return [float(line) for line in result.stdout.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=10, help="steps a round of each side")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32", help="of Idiolect's products; PyTorch's are float32")
    parser.add_argument("--program", default=str(ROOT / "artifacts/bin/Idiolect.Benchmarks/release/Idiolect.Benchmarks"))
    arguments = parser.parse_args()
    peer.keep_freed_memory()
    torch.set_num_threads(THREADS)
    path, _ = peer.openblas_of_this_process()
    theirs, ours = [], []
    for _ in range(arguments.rounds):
        theirs += (round_theirs := pytorch_steps(arguments.steps))
        ours += (round_ours := idiolect_steps(arguments.program, arguments.steps, arguments.precision))
        print(json.dumps({"pytorch": round(statistics.median(round_theirs), 1), "idiolect": round(statistics.median(round_ours), 1)}), flush=True)
    print(json.dumps({
        "event": "done", "precision": arguments.precision, "pytorchMs": round(statistics.median(theirs), 1), "idiolectMs": round(statistics.median(ours), 1),
        "timesAsFast": round(statistics.median(theirs) / statistics.median(ours), 2), "fastest": [round(min(theirs), 1), round(min(ours), 1)],
        "matmulGflops": round(peer.matmul_gflops(), 1), "torch": torch.__version__, "blas": path,
    }))


if __name__ == "__main__":
    main()
