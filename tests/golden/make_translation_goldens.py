#!/usr/bin/python3
"""Makes the goldens of the encoder-decoders: small models and what PyTorch computes from them in float64.

The transformer of Vaswani et al. 2017 in plain PyTorch, post-norm and pre-norm, and LSTM encoder-decoders (torch.lstm) with and
without attention, with the parameter names and layouts of src/Idiolect/Models. See README.md for what each file holds.

    /usr/bin/python3 tests/golden/make_translation_goldens.py        (Debian 12: apt install python3-torch python3-numpy)
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import safetensors_writer

HERE = Path(__file__).resolve().parent
IGNORED = -1
COUNT, SOURCE_TIME, TARGET_TIME = 3, 9, 7


def config(vocabulary, width, heads, inner, encoder_layers, decoder_layers, norm_first, smoothing):
    return {
        "model_type": "idiolect-encoder-decoder", "vocab_size": vocabulary, "max_position_embeddings": 16, "d_model": width,
        "num_attention_heads": heads, "encoder_layers": encoder_layers, "decoder_layers": decoder_layers, "ffn_dim": inner,
        "normalize_before": norm_first, "layer_norm_eps": 1e-05, "dropout": 0.0, "label_smoothing": smoothing,
        "torch_dtype": "float32",
    }


def shapes(c):
    width, inner = c["d_model"], c["ffn_dim"]

    def linear(name, outputs, inputs):
        yield name + ".weight", (outputs, inputs)
        yield name + ".bias", (outputs,)

    def norm(name):
        yield name + ".weight", (width,)
        yield name + ".bias", (width,)

    yield "embedding.weight", (c["vocab_size"], width)
    for side in ("encoder", "decoder"):
        for layer in range(c[f"{side}_layers"]):
            at = f"{side}.layers.{layer}."
            yield from norm(at + "attention_norm")
            yield from linear(at + "attention.qkv", 3 * width, width)
            yield from linear(at + "attention.output", width, width)
            if side == "decoder":
                yield from norm(at + "cross_attention_norm")
                yield from linear(at + "cross_attention.query", width, width)
                yield from linear(at + "cross_attention.key_value", 2 * width, width)
                yield from linear(at + "cross_attention.output", width, width)
            yield from norm(at + "feed_forward_norm")
            yield from linear(at + "feed_forward.up", inner, width)
            yield from linear(at + "feed_forward.down", width, inner)
        if c["normalize_before"]:
            yield from norm(f"{side}.norm")


def positions(time, width):
    column = torch.arange(width)
    angle = torch.arange(time, dtype=torch.float64)[:, None] / 10000.0 ** ((column - column % 2).double() / width)
    return torch.where(column % 2 == 0, angle.sin(), angle.cos())  # (time, width)


def attend(query, key, value, heads, causal=False, lengths=None):
    query, key, value = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (count, heads, query time, key time)
    at = torch.arange(scores.shape[-1])
    if causal:
        scores = scores.masked_fill(at > torch.arange(scores.shape[-2])[:, None], -math.inf)
    if lengths is not None:
        scores = scores.masked_fill(at >= lengths[:, None, None, None], -math.inf)
    return (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)


def logits_of(c, weights, source, lengths, inputs):
    width, heads = c["d_model"], c["num_attention_heads"]

    def linear(x, name):
        return F.linear(x, weights[name + ".weight"], weights[name + ".bias"])

    def norm(x, name):
        return F.layer_norm(x, (width,), weights[name + ".weight"], weights[name + ".bias"], c["layer_norm_eps"])

    def join(x, name, layer):
        return x + layer(norm(x, name)) if c["normalize_before"] else norm(x + layer(x), name)

    def embed(ids):
        return weights["embedding.weight"][ids] * math.sqrt(width) + positions(ids.shape[1], width)

    def feed_forward(x, at):
        return linear(F.relu(linear(x, at + "feed_forward.up")), at + "feed_forward.down")

    def self_attention(x, at, **mask):
        return linear(attend(*linear(x, at + "attention.qkv").split(width, -1), heads, **mask), at + "attention.output")

    def cross_attention(x, encoded, at):
        key, value = linear(encoded, at + "cross_attention.key_value").split(width, -1)
        return linear(attend(linear(x, at + "cross_attention.query"), key, value, heads, lengths=lengths), at + "cross_attention.output")

    encoded = embed(source)
    for layer in range(c["encoder_layers"]):
        at = f"encoder.layers.{layer}."
        encoded = join(encoded, at + "attention_norm", lambda x: self_attention(x, at, lengths=lengths))
        encoded = join(encoded, at + "feed_forward_norm", lambda x: feed_forward(x, at))
    if c["normalize_before"]:
        encoded = norm(encoded, "encoder.norm")
    stream = embed(inputs)
    for layer in range(c["decoder_layers"]):
        at = f"decoder.layers.{layer}."
        stream = join(stream, at + "attention_norm", lambda x: self_attention(x, at, causal=True))
        stream = join(stream, at + "cross_attention_norm", lambda x: cross_attention(x, encoded, at))
        stream = join(stream, at + "feed_forward_norm", lambda x: feed_forward(x, at))
    if c["normalize_before"]:
        stream = norm(stream, "decoder.norm")
    return stream @ weights["embedding.weight"].T


# LSTM encoder-decoders -----------------------------------------------------------------------------------------------

def lstm_config(vocabulary, width, layers, attention, smoothing):
    return {
        "model_type": "idiolect-lstm-encoder-decoder", "vocab_size": vocabulary, "max_position_embeddings": 16, "hidden_size": width,
        "num_hidden_layers": layers, "attention": attention, "dropout": 0.0, "label_smoothing": smoothing, "torch_dtype": "float32",
    }


def lstm_shapes(c):
    width = c["hidden_size"]

    def cell(name):
        yield name + ".input.weight", (4 * width, width)
        yield name + ".input.bias", (4 * width,)
        yield name + ".recurrent.weight", (4 * width, width)

    def linear(name, outputs=width):
        yield name + ".weight", (outputs, width)
        yield name + ".bias", (outputs,)

    yield "embedding.weight", (c["vocab_size"], width)
    for layer in range(c["num_hidden_layers"]):
        yield from cell(f"encoder.layers.{layer}.forwards")
        yield from cell(f"encoder.layers.{layer}.backwards")
    for layer in range(c["num_hidden_layers"]):
        yield from cell(f"decoder.layers.{layer}")
    for state in ("hidden", "cell"):
        for layer in range(c["num_hidden_layers"]):
            yield from linear(f"decoder.first_{state}.{layer}")
    if c["attention"]:
        yield from linear("attention.query")
        yield from linear("attention.key_value", 2 * width)
        yield from linear("attention.output")


def lstm_logits_of(c, weights, source, lengths, inputs):
    def run(x, name, hidden, cell):
        """One sequence (1, time, width) through torch's LSTM."""
        matrices = [weights[f"{name}.{part}"] for part in ("input.weight", "recurrent.weight", "input.bias")]
        matrices.append(torch.zeros_like(matrices[-1]))
        return torch.lstm(x, (hidden[None, None], cell[None, None]), matrices, True, 1, 0.0, False, False, True)[0]

    def linear(x, name):
        return F.linear(x, weights[name + ".weight"], weights[name + ".bias"])

    rows = []
    for ids, length, written in zip(source, lengths, inputs):  # one by one, so that no padding is ever read
        x = weights["embedding.weight"][ids[:length]][None]
        zeros = torch.zeros(c["hidden_size"], dtype=x.dtype)
        for layer in range(c["num_hidden_layers"]):
            at = f"encoder.layers.{layer}."
            x = run(x, at + "forwards", zeros, zeros) + run(x.flip(1), at + "backwards", zeros, zeros).flip(1)
        vector = x[0, -1] + x[0, 0]
        stream = weights["embedding.weight"][written][None]
        for layer in range(c["num_hidden_layers"]):
            hidden, cell = (linear(vector, f"decoder.first_{state}.{layer}") for state in ("hidden", "cell"))
            stream = run(stream, f"decoder.layers.{layer}", hidden, cell)
        if c["attention"]:
            key, value = linear(x, "attention.key_value").chunk(2, -1)
            stream = stream + linear(attend(linear(stream, "attention.query"), key, value, 1), "attention.output")
        rows.append(stream[0] @ weights["embedding.weight"].T)
    return torch.stack(rows)


# Goldens -------------------------------------------------------------------------------------------------------------

def draw_weights(shapes, c, random):
    """Scales large enough that no gradient is close to 0."""
    weights = {}
    for name, shape in shapes(c):
        noise = random.standard_normal(shape)
        values = 0.1 * noise if name.endswith(".bias") else 1 + 0.1 * noise if len(shape) == 1 else 0.2 * noise
        weights[name] = values.astype(np.float32)
    return weights


def make(folder, c, seed, shapes=shapes, logits_of=logits_of):
    random = np.random.RandomState(seed)
    stored = draw_weights(shapes, c, random)
    source = random.randint(0, c["vocab_size"], (COUNT, SOURCE_TIME))
    inputs = random.randint(0, c["vocab_size"], (COUNT, TARGET_TIME))
    targets = random.randint(0, c["vocab_size"], (COUNT, TARGET_TIME))
    lengths = np.array([SOURCE_TIME, 4, 1])
    targets[1, 5:] = targets[2, 2:] = IGNORED  # padding

    weights = {name: torch.from_numpy(value).double().requires_grad_() for name, value in stored.items()}
    logits = logits_of(c, weights, torch.from_numpy(source), torch.from_numpy(lengths), torch.from_numpy(inputs))
    flat, wanted = logits.flatten(0, 1), torch.from_numpy(targets).flatten()
    plain = F.cross_entropy(flat, wanted, ignore_index=IGNORED)
    loss = F.cross_entropy(flat, wanted, ignore_index=IGNORED, label_smoothing=c["label_smoothing"])
    loss.backward()
    tensors = {"source": source, "source_lengths": lengths, "inputs": inputs, "targets": targets, "logits": logits.detach().numpy(),
               "loss": np.array(loss.item()), "loss_without_smoothing": np.array(plain.item())}
    tensors |= {"grad." + name: value.grad.numpy() for name, value in weights.items()}

    path = HERE / folder
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(json.dumps(c, indent=2) + "\n")
    safetensors_writer.write(path / "model.safetensors", stored, {"format": "pt"})
    safetensors_writer.write(path / "golden.safetensors", tensors, {"ignored_target": IGNORED})
    norm = math.sqrt(sum(value.grad.square().sum().item() for value in weights.values()))
    print(f"{folder}: loss {loss.item():.6f} ({plain.item():.6f} without smoothing), gradient norm {norm:.4f}")


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    make("encoder-decoder", config(29, 20, 4, 44, 2, 2, False, 0.1), seed=11)
    make("encoder-decoder-prenorm", config(31, 18, 3, 37, 1, 2, True, 0.2), seed=12)
    make("lstm-encoder-decoder", lstm_config(23, 10, 2, False, 0.1), 13, lstm_shapes, lstm_logits_of)
    make("lstm-attention", lstm_config(27, 12, 1, True, 0.1), 14, lstm_shapes, lstm_logits_of)


if __name__ == "__main__":
    main()
