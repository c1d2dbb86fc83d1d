#!/usr/bin/python3
"""Compares the training step of `idiolect train` with PyTorch's eager step: the same work, alternating in one run.

    dotnet build -c Release src/Idiolect.Cli
    /usr/bin/python3 benchmarks/peers/compare.py nanogpt-cpu
    /usr/bin/python3 benchmarks/peers/compare.py gpt2-124m

Prints the median of each round, then of all steps, and how many times as fast Idiolect is. Needs the packages that
pytorch_train_step.py names. Exit code 1 if a side fails or the two models have different numbers of parameters.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from presets import PRESETS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WARMUP = 3  # steps of each process that are not counted: page faults, tiered compilation, thread start
THREADS = 2


def fail(message):
    sys.exit(f"compare.py: {message}")


def json_lines(command):
    """Runs a command and returns the JSON objects that it prints, one a line."""
    try:
        result = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        fail(f"cannot run {command[0]}: {error.strerror}")
    if result.returncode != 0:
        said = (result.stderr.strip() or result.stdout.strip() or "nothing").splitlines()[-1]
        fail(f"'{' '.join(map(str, command))}' ended with {result.returncode} and said: {said}")
    try:
        return [json.loads(line) for line in result.stdout.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        fail(f"{command[0]} printed a line that is no JSON: {error.doc[:100]!r}")


def run_idiolect(name, preset, arguments, tokenizer):
    """The milliseconds of each step after the warm-up, and the number of parameters."""
    with tempfile.TemporaryDirectory() as folder:
        lines = json_lines([
            arguments.idiolect, "train", "--preset", name, "--data", arguments.data, "--tokenizer", tokenizer,
            "--batch", str(preset.batch), "--context", str(preset.context), "--steps", str(preset.steps + WARMUP),
            "--grad-accumulation", "1", "--dropout", "0", "--eval-every", "1000000", "--threads", str(THREADS), "--json", "--out", str(Path(folder) / "run"),
        ])
    times = [line["ms"] for line in lines if line.get("event") == "step"][WARMUP:]
    if len(times) != preset.steps:
        fail(f"idiolect printed {len(times) + WARMUP} steps, {preset.steps + WARMUP} were asked for")
    return times, next(line["parameters"] for line in lines if line.get("event") == "start")


def run_pytorch(name, preset):
    """The milliseconds of each step after the warm-up, and what PyTorch says of itself at the end."""
    *steps, done = json_lines([
        "/usr/bin/python3", HERE / "pytorch_train_step.py", "--preset", name, "--warmup", str(WARMUP),
        "--batch", str(preset.batch), "--context", str(preset.context), "--steps", str(preset.steps),
    ])
    return [step["ms"] for step in steps], done


def write_gpt2_sized_tokenizer(path):
    """A byte-level BPE tokenizer.json with GPT-2's 50,257 tokens: 256 bytes, 50,000 pairs of bytes, the end of text.

    The time of a step depends on the size of the vocabulary, not on which tokens are in it; this one needs no download.
    """
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = [chr(byte) for byte in printable] + [chr(0x100 + i) for i in range(len(others))]  # GPT-2's alphabet of bytes
    pairs = list(itertools.islice(itertools.product(letters, letters), 50_000))
    tokens = letters + [first + second for first, second in pairs] + ["<|endoftext|>"]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    path.write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": len(tokens) - 1, "content": tokens[-1], "single_word": False, "lstrip": False,
                          "rstrip": False, "normalized": False, "special": True}],
        "normalizer": None, "pre_tokenizer": byte_level, "post_processor": byte_level, "decoder": byte_level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                  "vocab": {token: id for id, token in enumerate(tokens)},
                  "merges": [f"{first} {second}" for first, second in pairs]},
    }, ensure_ascii=False), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", choices=PRESETS)
    parser.add_argument("--rounds", type=int, default=3, help="how often each side runs (default 3)")
    parser.add_argument("--steps", type=int, help="measured steps a round (default: the preset's)")
    parser.add_argument("--batch", type=int, help="sequences a step (default: the preset's)")
    parser.add_argument("--context", type=int, help="tokens a sequence (default: the preset's)")
    parser.add_argument("--data", default=str(ROOT.parent / "shared/data/tinyshakespeare.txt"),
                        help="text for Idiolect; 65 different characters for the nanogpt presets (default: %(default)s)")
    parser.add_argument("--idiolect", default=str(ROOT / "artifacts/bin/Idiolect.Cli/release/idiolect"))
    arguments = parser.parse_args()
    given = {name: value for name in ("batch", "context", "steps") if (value := getattr(arguments, name)) is not None}
    preset = PRESETS[arguments.preset]._replace(**given)
    if not Path(arguments.data).exists():
        fail(f"no text at {arguments.data}: name one with --data")

    print(f"{arguments.preset}: batch {preset.batch}, context {preset.context}, {arguments.rounds} rounds of {preset.steps} steps, "
          f"{THREADS} threads, load {os.getloadavg()[0]:.2f}", flush=True)
    if os.getloadavg()[0] > 1:
        print("compare.py: other programs use the processor; OpenMP suffers most from that, PyTorch's figures are void",
              file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = "char"
        if arguments.preset == "gpt2-124m":
            tokenizer = str(Path(folder) / "tokenizer.json")
            write_gpt2_sized_tokenizer(Path(tokenizer))
        ours, theirs = [], []
        for round_ in range(1, arguments.rounds + 1):
            times, parameters = run_idiolect(arguments.preset, preset, arguments, tokenizer)
            ours += times
            print(f"round {round_}: idiolect {statistics.median(times):9.2f} ms", end="", flush=True)
            times, pytorch = run_pytorch(arguments.preset, preset)
            theirs += times
            print(f"   pytorch {statistics.median(times):9.2f} ms", flush=True)
            if parameters != pytorch["parameters"]:
                fail(f"not the same work: Idiolect's model has {parameters:,} parameters, PyTorch's {pytorch['parameters']:,}")

    print(f"pytorch: {pytorch['torch']}, {pytorch['blas']} ({pytorch['blasCore']}, {pytorch['blasThreads']} threads), "
          f"matmul {pytorch['matmulGflops']} GFLOP/s; OPENBLAS_CORETYPE of the environment: "
          f"{pytorch['coreTypeOfEnvironment'] or 'not set'}")
    mine, other = statistics.median(ours), statistics.median(theirs)
    print(f"median: idiolect {mine:.2f} ms, pytorch {other:.2f} ms: {other / mine:.2f} times as fast as PyTorch")


if __name__ == "__main__":
    main()
