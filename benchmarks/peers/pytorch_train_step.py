#!/usr/bin/python3
"""Times PyTorch's eager training step on the work that `idiolect train` does: forward, backward, clipping, AdamW; float32.

    /usr/bin/python3 benchmarks/peers/pytorch_train_step.py --preset nanogpt-cpu

Needs Debian's packages: apt-get install python3-torch libopenblas0-openmp. Prints one JSON line a step and one at the end.
"""

import argparse
import ctypes
import json
import os
import statistics
import sys
import time

from presets import PRESETS

THREADS = 2

# OpenBLAS picks its kernels for the processor when it is loaded, unless OPENBLAS_CORETYPE names others. On Zen 3 (picked: Zen)
# naming Zen or Haswell gave the same speed within 5%, Nehalem a third of it: so PyTorch gets the free choice, and
# openblas_of_this_process checks that what was picked multiplies rightly.
CORE_TYPE_OF_ENVIRONMENT = os.environ.pop("OPENBLAS_CORETYPE", None)


def refuse(reason, fix="apt-get install python3-torch libopenblas0-openmp"):
    print(f"pytorch_train_step.py: {reason}; run: {fix}", file=sys.stderr)
    sys.exit(1)


try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError as error:
    refuse(f"{sys.executable} cannot import PyTorch ({error}); use /usr/bin/python3 with Debian's packages")


class Block(nn.Module):
    def __init__(self, width, heads, context):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention_in, self.attention_out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.feed_in, self.feed_out = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.register_buffer("future", torch.ones(context, context, dtype=torch.bool).triu(1))

    def forward(self, x):
        batch, context, width = x.shape
        # PyTorch 1.13 has no fused attention: scores are formed, masked and kept, as nanoGPT's manual version does.
        query, key, value = (part.view(batch, context, self.heads, -1).transpose(1, 2)
                             for part in self.attention_in(self.ln_1(x)).split(width, dim=2))  # (batch, heads, time, head size)
        scores = query @ key.transpose(-2, -1) * (width // self.heads) ** -0.5  # (batch, heads, time, time)
        attended = scores.masked_fill(self.future, float("-inf")).softmax(-1) @ value
        x = x + self.attention_out(attended.transpose(1, 2).reshape(batch, context, width))
        return x + self.feed_out(F.gelu(self.feed_in(self.ln_2(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, preset):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(preset.vocabulary, preset.width), nn.Embedding(preset.context, preset.width)
        self.blocks = nn.ModuleList(Block(preset.width, preset.heads, preset.context) for _ in range(preset.layers))
        self.norm = nn.LayerNorm(preset.width)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, ids, targets):
        x = self.tokens(ids) + self.positions.weight  # (batch, context, width)
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.norm(x), self.tokens.weight)  # tied head: (batch, context, vocabulary)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def openblas_of_this_process():
    """The path of the OpenBLAS that PyTorch has loaded and its handle; ends the program unless it is the OpenMP build.

    The -pthread build has threads of its own, which fight PyTorch's OpenMP threads for the cores; the reference BLAS is many
    times slower. Neither would be a fair peer.
    """
    a, b = torch.randn(70, 90), torch.randn(90, 50)
    if (a @ b - (a[:, :, None] * b).sum(1)).abs().max() > 1e-3:
        refuse("OpenBLAS multiplies wrongly on this processor", "apt-get upgrade libopenblas0-openmp")
    with open("/proc/self/maps") as maps:
        loaded = {line.split()[-1] for line in maps if "blas" in line.rpartition("/")[2]}
    paths = [path for path in loaded if "libopenblas" in path]
    if len(paths) != 1:
        refuse(f"PyTorch should have loaded one libopenblas, but has {', '.join(sorted(loaded)) or 'no BLAS'}")
    library = ctypes.CDLL(paths[0])
    if library.openblas_get_parallel() != 2:  # 0 sequential, 1 threads of its own, 2 OpenMP
        refuse(f"{paths[0]} is not OpenBLAS's OpenMP build",
               "apt-get install libopenblas0-openmp && apt-get remove libopenblas0-pthread libopenblas0-serial")
    library.openblas_get_corename.restype = ctypes.c_char_p
    return paths[0], library


def keep_freed_memory():
    """Makes glibc's malloc keep what is freed. As it comes, it gives every large tensor back to the kernel, which zeroes the pages
    anew for the next one: a step of gpt2-124m took 2.8 s so and 1.95 s with this (nanogpt-cpu: no difference). PyTorch's
    tuning guide gets the same from jemalloc or tcmalloc.
    """
    trim_threshold, top_pad, mmap_max = -1, -2, -4  # malloc.h
    libc = ctypes.CDLL(None)
    for parameter, value in ((mmap_max, 0), (trim_threshold, 2**31 - 1), (top_pad, 256 << 20)):
        if not libc.mallopt(parameter, value):
            refuse("mallopt failed: this is not glibc", "it on Debian")


def matmul_gflops():
    """The best of several multiplications of the shape of GPT-2's feed-forward layer: is the machine quiet, is BLAS fast?"""
    a, b = torch.randn(768, 768), torch.randn(768, 3072)
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        a @ b
        seconds.append(time.perf_counter() - start)
    return 2 * 768 * 768 * 3072 / min(seconds) / 1e9


def train(preset, steps, warmup):
    """Yields (milliseconds, loss) of each step after the warm-up; first the number of parameters."""
    torch.manual_seed(1)
    model = Gpt(preset)
    parameters = list(model.parameters())
    yield sum(parameter.numel() for parameter in parameters)
    groups = [{"params": [p for p in parameters if p.dim() == 2], "weight_decay": 0.1},
              {"params": [p for p in parameters if p.dim() != 2], "weight_decay": 0.0}]
    # What made no difference beyond the noise (2-core Zen 3, PyTorch 1.13): foreach=True, whose functions loop over the tensors on
    # CPU; flushing denormals; baddbmm with an additive mask; binding threads to cores. OMP_WAIT_POLICY=passive was 1.7 times slower.
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), foreach=False)
    data = torch.randint(preset.vocabulary, (100_000,))
    for step in range(-warmup, steps):
        start = time.perf_counter()
        places = torch.randint(len(data) - preset.context, (preset.batch,))
        ids = torch.stack([data[at : at + preset.context] for at in places])
        targets = torch.stack([data[at + 1 : at + 1 + preset.context] for at in places])
        optimizer.zero_grad(set_to_none=True)
        loss = model(ids, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        milliseconds = (time.perf_counter() - start) * 1e3
        if step >= 0:
            yield milliseconds, loss.item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=PRESETS, required=True)
    parser.add_argument("--batch", type=int, help="sequences a step (default: the preset's)")
    parser.add_argument("--context", type=int, help="tokens a sequence (default: the preset's)")
    parser.add_argument("--steps", type=int, help="measured steps (default: the preset's)")
    parser.add_argument("--warmup", type=int, default=3, help="steps before those, not printed")
    arguments = parser.parse_args()
    given = {name: value for name in ("batch", "context", "steps") if (value := getattr(arguments, name)) is not None}
    preset = PRESETS[arguments.preset]._replace(**given)

    keep_freed_memory()
    torch.set_num_threads(THREADS)
    path, openblas = openblas_of_this_process()
    gflops = matmul_gflops()
    run = train(preset, preset.steps, arguments.warmup)
    parameter_count = next(run)
    times, loss = [], None
    for step, (milliseconds, loss) in enumerate(run, 1):
        times.append(milliseconds)
        print(json.dumps({"step": step, "ms": round(milliseconds, 3)}), flush=True)
    deciles = statistics.quantiles(times, n=10, method="inclusive") if len(times) > 1 else times * 9
    median = statistics.median(times)
    print(json.dumps({
        "event": "done", "preset": arguments.preset, "batch": preset.batch, "context": preset.context,
        "parameters": parameter_count, "ms": round(median, 3), "p10": round(deciles[0], 3), "p90": round(deciles[-1], 3),
        "tokensPerSecond": round(preset.batch * preset.context / median * 1e3, 1), "loss": loss,
        "threads": torch.get_num_threads(), "torch": torch.__version__, "blas": path,
        "blasThreads": openblas.openblas_get_num_threads(), "blasCore": openblas.openblas_get_corename().decode(),
        "coreTypeOfEnvironment": CORE_TYPE_OF_ENVIRONMENT, "matmulGflops": round(gflops, 1), "malloc": "glibc, freed memory kept",
        "load": round(os.getloadavg()[0], 2),
    }))


if __name__ == "__main__":
    main()
