#!/usr/bin/python3
"""Times PyTorch's eager training step of a GPT-2 shape: forward, backward, clipping, AdamW; float32.

`idiolect bench train --peer pytorch` runs it, alternating with its own steps. Alone (the shape of nanogpt-cpu):

    echo 200 | /usr/bin/python3 benchmarks/peers/pytorch_train_step.py --vocabulary 65 --context 64 --width 128 --layers 4 \\
        --heads 4 --batch 12

Takes as many steps as each line of standard input says and waits in between. Prints one JSON line about itself after the
warm-up, then one a line of input with the milliseconds of its steps. Needs Debian's packages:
apt-get install python3-torch libopenblas0-openmp.
"""

import argparse
import ctypes
import json
import os
import sys
import time

WARMUP = 3  # steps that are not counted: page faults, thread start

# OpenBLAS picks its kernels for the processor when it is loaded, unless OPENBLAS_CORETYPE names others. On Zen 3 (picked: Zen)
# naming Zen or Haswell gave the same speed within 5%, Nehalem a third of it: so PyTorch gets the free choice, and
# openblas_of_this_process checks that what was picked multiplies rightly.
CORE_TYPE_OF_ENVIRONMENT = os.environ.pop("OPENBLAS_CORETYPE", None)
# A processor that it does not know it takes for a Prescott of 2004: on Emerald Rapids a fifth of the speed. Then this program
# starts itself again and names the newest core of the same instructions.
CORE_TYPE_INSTEAD = "PEER_CORETYPE"
if CORE_TYPE_INSTEAD in os.environ:
    os.environ["OPENBLAS_CORETYPE"] = os.environ[CORE_TYPE_INSTEAD]


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
    def __init__(self, shape):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(shape.vocabulary, shape.width), nn.Embedding(shape.context, shape.width)
        self.blocks = nn.ModuleList(Block(shape.width, shape.heads, shape.context) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width)
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
    if library.openblas_get_corename() == b"Prescott" and CORE_TYPE_INSTEAD not in os.environ:
        with open("/proc/cpuinfo") as processor:
            flags = next(line for line in processor if line.startswith("flags")).split()
        if "avx2" in flags:
            os.environ[CORE_TYPE_INSTEAD] = "SKYLAKEX" if "avx512f" in flags else "HASWELL"
            if CORE_TYPE_OF_ENVIRONMENT is not None:
                os.environ["OPENBLAS_CORETYPE"] = CORE_TYPE_OF_ENVIRONMENT  # to be reported
            os.execv(sys.executable, [sys.executable, *sys.argv])
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


class Trainer:
    def __init__(self, shape):
        torch.manual_seed(1)
        self.shape, self.model = shape, Gpt(shape)
        self.parameters = list(self.model.parameters())
        groups = [{"params": [p for p in self.parameters if p.dim() == 2], "weight_decay": 0.1},
                  {"params": [p for p in self.parameters if p.dim() != 2], "weight_decay": 0.0}]
        # What made no difference beyond the noise (2-core Zen 3, PyTorch 1.13): foreach=True, whose functions loop over the tensors on
        # CPU; flushing denormals; baddbmm with an additive mask; binding threads to cores. OMP_WAIT_POLICY=passive was 1.7 times slower.
        self.optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), foreach=False)
        self.data = torch.randint(shape.vocabulary, (max(100_000, 4 * shape.context),))

    def step(self):
        """The milliseconds of one step."""
        start = time.perf_counter()
        context = self.shape.context
        places = torch.randint(len(self.data) - context, (self.shape.batch,))
        ids = torch.stack([self.data[at : at + context] for at in places])
        targets = torch.stack([self.data[at + 1 : at + 1 + context] for at in places])
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.model(ids, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        return (time.perf_counter() - start) * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("vocabulary", "context", "width", "layers", "heads", "batch"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    shape = parser.parse_args()

    keep_freed_memory()
    torch.set_num_threads(shape.threads)
    path, openblas = openblas_of_this_process()
    gflops = matmul_gflops()
    trainer = Trainer(shape)
    for _ in range(WARMUP):
        trainer.step()
    print(json.dumps({
        "event": "start", "parameters": sum(parameter.numel() for parameter in trainer.parameters),
        "threads": torch.get_num_threads(), "torch": torch.__version__, "blas": path,
        "blasThreads": openblas.openblas_get_num_threads(), "blasCore": openblas.openblas_get_corename().decode(),
        "coreTypeOfEnvironment": CORE_TYPE_OF_ENVIRONMENT, "matmulGflops": round(gflops, 1), "malloc": "glibc, freed memory kept",
        "load": round(os.getloadavg()[0], 2),
    }), flush=True)
    for line in sys.stdin:
        print(json.dumps({"event": "steps", "ms": [round(trainer.step(), 3) for _ in range(int(line))]}), flush=True)


if __name__ == "__main__":
    main()
