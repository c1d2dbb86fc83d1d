#!/usr/bin/python3
"""Makes rnn/, lstm/ and gru/: small recurrent language models, and what PyTorch's nn.RNN, nn.LSTM and nn.GRU compute with them.

Weights are float32; everything else is computed from them in float64. README.md lists the names.

    /usr/bin/python3 tests/golden/make_recurrent_goldens.py    (Debian 12: apt install python3-torch python3-numpy)
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import safetensors_writer

VOCABULARY, WIDTH, LAYERS, BATCH, TIME, IGNORED = 31, 13, 2, 3, 9, -1
MODULES = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def weights(kind, tied, random):
    """Our names and shapes; an rnn's and an lstm's two biases are one."""
    def normal(*shape, scale):
        return (scale * random.standard_normal(shape)).astype(np.float32)

    tensors = {"token_embedding.weight": normal(VOCABULARY, WIDTH, scale=0.6)}
    rows = GATES[kind] * WIDTH
    for layer in range(LAYERS):
        tensors[f"layers.{layer}.input.weight"] = normal(rows, WIDTH, scale=0.4)
        tensors[f"layers.{layer}.input.bias"] = normal(rows, scale=0.3)
        tensors[f"layers.{layer}.recurrent.weight"] = normal(rows, WIDTH, scale=0.4)
        if kind == "gru":
            tensors[f"layers.{layer}.recurrent.bias"] = normal(rows, scale=0.3)
    if not tied:
        tensors["head.weight"] = normal(VOCABULARY, WIDTH, scale=0.6)
    return tensors


def recurrent_module(kind, leaves):
    """PyTorch's module over our tensors, which stay the leaves of the graph."""
    module = MODULES[kind](WIDTH, WIDTH, LAYERS, batch_first=True).double()
    for layer in range(LAYERS):
        ours = f"layers.{layer}"
        zeros = torch.zeros(GATES[kind] * WIDTH, dtype=torch.float64)
        for theirs, tensor in ((f"weight_ih_l{layer}", leaves[f"{ours}.input.weight"]),
                               (f"weight_hh_l{layer}", leaves[f"{ours}.recurrent.weight"]),
                               (f"bias_ih_l{layer}", leaves[f"{ours}.input.bias"]),
                               (f"bias_hh_l{layer}", leaves.get(f"{ours}.recurrent.bias", zeros))):
            delattr(module, theirs)
            setattr(module, theirs, tensor)
    module._flat_weights = [getattr(module, name) for name in module._flat_weights_names]
    return module


def detach(state):
    return tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()


def make(kind, tied, seed):
    random = np.random.RandomState(seed)
    stored = weights(kind, tied, random)
    ids = random.randint(0, VOCABULARY, (BATCH, 2 * TIME + 1))
    inputs = [ids[:, :TIME], ids[:, TIME:2 * TIME]]
    targets = [ids[:, 1:TIME + 1].copy(), ids[:, TIME + 1:].copy()]
    targets[0][0, 2] = targets[1][2, 5] = IGNORED

    golden = {}
    state = None
    for segment in range(2):
        leaves = {name: torch.from_numpy(value).double().requires_grad_() for name, value in stored.items()}
        module = recurrent_module(kind, leaves)
        embedded = F.embedding(torch.from_numpy(inputs[segment]), leaves["token_embedding.weight"])
        states, state = module(embedded, None if state is None else detach(state))
        logits = F.linear(states, leaves["token_embedding.weight" if tied else "head.weight"])
        loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets[segment]).flatten(), ignore_index=IGNORED)
        loss.backward()
        golden.update({
            f"{segment}.input_ids": inputs[segment].astype(np.int64), f"{segment}.targets": targets[segment].astype(np.int64),
            f"{segment}.logits": logits.detach().numpy(), f"{segment}.loss": loss.detach().numpy(),
        })
        golden.update({f"{segment}.grad.{name}": leaf.grad.numpy() for name, leaf in leaves.items()})

    folder = Path(__file__).parent / kind
    folder.mkdir(exist_ok=True)
    config = {
        "model_type": kind, "vocab_size": VOCABULARY, "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "segment_length": TIME,
        "forget_bias": 1.0, "tie_word_embeddings": tied, "dropout": 0.0, "bos_token_id": None,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    safetensors_writer.write(folder / "model.safetensors", stored, {"format": "pt"})
    safetensors_writer.write(folder / "golden.safetensors", golden, {"torch": torch.__version__})


make("rnn", tied=False, seed=31)
make("lstm", tied=True, seed=32)
make("gru", tied=True, seed=33)
