#!/usr/bin/python3
"""Makes bert/: a small masked language model, and what PyTorch computes with it.

The model is written in plain PyTorch after transformers' BertForMaskedLM, with its names. Weights are float32; everything else is
computed from them in float64. README.md lists the names.

    /usr/bin/python3 tests/golden/make_bert_goldens.py    (Debian 12: apt install python3-torch python3-numpy)
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import safetensors_writer

HERE = Path(__file__).resolve().parent
BATCH, TIME, IGNORED = 3, 11, -1


def config(vocabulary, width, heads, hidden, layers):
    return {
        "architectures": ["BertForMaskedLM"], "model_type": "bert", "vocab_size": vocabulary, "hidden_size": width,
        "num_hidden_layers": layers, "num_attention_heads": heads, "intermediate_size": hidden, "hidden_act": "gelu",
        "max_position_embeddings": 13, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0, "torch_dtype": "float32",
    }


def shapes(c):
    width, hidden = c["hidden_size"], c["intermediate_size"]

    def linear(name, outputs, inputs):
        yield name + ".weight", (outputs, inputs)
        yield name + ".bias", (outputs,)

    def norm(name):
        yield name + ".weight", (width,)
        yield name + ".bias", (width,)

    for name, rows in (("word", "vocab_size"), ("position", "max_position_embeddings"), ("token_type", "type_vocab_size")):
        yield f"bert.embeddings.{name}_embeddings.weight", (c[rows], width)
    yield from norm("bert.embeddings.LayerNorm")
    for layer in range(c["num_hidden_layers"]):
        at = f"bert.encoder.layer.{layer}."
        for part in ("query", "key", "value"):
            yield from linear(at + "attention.self." + part, width, width)
        yield from linear(at + "attention.output.dense", width, width)
        yield from norm(at + "attention.output.LayerNorm")
        yield from linear(at + "intermediate.dense", hidden, width)
        yield from linear(at + "output.dense", width, hidden)
        yield from norm(at + "output.LayerNorm")
    yield from linear("cls.predictions.transform.dense", width, width)
    yield from norm("cls.predictions.transform.LayerNorm")
    yield "cls.predictions.bias", (c["vocab_size"],)


def states_and_logits(c, weights, ids, lengths):
    width, heads = c["hidden_size"], c["num_attention_heads"]

    def linear(x, name):
        return F.linear(x, weights[name + ".weight"], weights[name + ".bias"])

    def norm(x, name):
        return F.layer_norm(x, (width,), weights[name + ".weight"], weights[name + ".bias"], c["layer_norm_eps"])

    def attend(x, at):
        query, key, value = (linear(x, at + part).unflatten(-1, (heads, -1)).transpose(1, 2) for part in ("query", "key", "value"))
        scores = query @ key.transpose(-2, -1) / math.sqrt(width // heads)  # (batch, heads, time, time)
        scores = scores.masked_fill(torch.arange(scores.shape[-1]) >= lengths[:, None, None, None], -math.inf)
        return (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)

    x = weights["bert.embeddings.word_embeddings.weight"][ids]
    x = x + weights["bert.embeddings.position_embeddings.weight"][: ids.shape[1]]
    x = norm(x + weights["bert.embeddings.token_type_embeddings.weight"][0], "bert.embeddings.LayerNorm")
    for layer in range(c["num_hidden_layers"]):
        at = f"bert.encoder.layer.{layer}."
        x = norm(x + linear(attend(x, at + "attention.self."), at + "attention.output.dense"), at + "attention.output.LayerNorm")
        hidden = F.gelu(linear(x, at + "intermediate.dense"))
        x = norm(x + linear(hidden, at + "output.dense"), at + "output.LayerNorm")
    head = norm(F.gelu(linear(x, "cls.predictions.transform.dense")), "cls.predictions.transform.LayerNorm")
    return x, F.linear(head, weights["bert.embeddings.word_embeddings.weight"], weights["cls.predictions.bias"])


def draw_weights(c, random):
    """Scales large enough that no gradient is close to 0."""
    weights = {}
    for name, shape in shapes(c):
        noise = random.standard_normal(shape)
        values = 0.1 * noise if name.endswith("bias") else 1 + 0.1 * noise if len(shape) == 1 else 0.2 * noise
        weights[name] = values.astype(np.float32)
    return weights


def make(folder, c, seed):
    random = np.random.RandomState(seed)
    stored = draw_weights(c, random)
    ids = random.randint(0, c["vocab_size"], (BATCH, TIME))
    lengths = np.array([TIME, 7, 3])
    masked = (random.random_sample((BATCH, TIME)) < 0.3) & (np.arange(TIME) < lengths[:, None])
    masked[:, 1] = True
    targets = np.where(masked, random.randint(0, c["vocab_size"], (BATCH, TIME)), IGNORED)

    weights = {name: torch.from_numpy(value).double().requires_grad_() for name, value in stored.items()}
    states, logits = states_and_logits(c, weights, torch.from_numpy(ids), torch.from_numpy(lengths))
    loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).flatten(), ignore_index=IGNORED)
    loss.backward()
    tensors = {"input_ids": ids, "lengths": lengths, "targets": targets, "states": states.detach().numpy(),
               "logits": logits.detach().numpy(), "loss": np.array(loss.item())}
    tensors |= {"grad." + name: value.grad.numpy() for name, value in weights.items()}

    path = HERE / folder
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(json.dumps(c, indent=2) + "\n")
    safetensors_writer.write(path / "model.safetensors", stored, {"format": "pt"})
    safetensors_writer.write(path / "golden.safetensors", tensors, {"ignored_target": IGNORED})
    norm = math.sqrt(sum(value.grad.square().sum().item() for value in weights.values()))
    print(f"{folder}: loss {loss.item():.6f} of {masked.sum()} masked tokens, gradient norm {norm:.4f}")


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    make("bert", config(29, 20, 4, 44, 2), seed=21)


if __name__ == "__main__":
    main()
