#!/usr/bin/python3
"""Makes operations.safetensors: what PyTorch computes, forward and backward, for each operation of the engine.

Inputs and incoming gradients are float32; results are computed from them in float64. README.md lists the names.

    /usr/bin/python3 tests/golden/make_operation_goldens.py    (Debian 12: apt install python3-torch python3-numpy)
"""

import math
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import safetensors_writer

IGNORED = -1
random = np.random.RandomState(20)
tensors = {}


def normal(*shape, scale=1.0, mean=0.0):
    return (mean + scale * random.standard_normal(shape)).astype(np.float32)


def record(operation, function, **inputs):
    """Stores inputs, y = function(inputs), a random dy, and the gradient d<input> of each float input."""
    leaves = {name: torch.from_numpy(value) for name, value in inputs.items()}
    leaves = {name: leaf.double().requires_grad_() if leaf.is_floating_point() else leaf for name, leaf in leaves.items()}
    y = function(**leaves)
    dy = normal(*y.shape)
    y.backward(torch.from_numpy(dy).double())
    tensors.update({f"{operation}.{name}": value for name, value in inputs.items()})
    tensors.update({f"{operation}.y": y.detach().numpy(), f"{operation}.dy": dy})
    tensors.update({f"{operation}.d{name}": leaf.grad.numpy() for name, leaf in leaves.items() if leaf.is_floating_point()})


def record_norms_and_linear():
    x, gain, bias = normal(5, 19, scale=1.5, mean=0.3), normal(19, scale=0.3, mean=1), normal(19, scale=0.3)
    record("layer_norm", lambda x, gain, bias: F.layer_norm(x, (19,), gain, bias, 1e-5), x=x, gain=gain, bias=bias)
    record("rms_norm", lambda x, gain: x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * gain, x=x, gain=gain)
    record("linear", lambda x, weight, bias: F.linear(x, weight, bias), x=x, weight=normal(7, 19), bias=normal(7))


def record_activations():
    x = normal(7, 13, scale=2.5)
    x[0, :6] = [0.0, 1e-4, -1e-4, 9.0, -9.0, -5.5]  # around 0, saturated, and where exact GELU is a difference of near-equals
    x[0, 0] = 1e-6  # not 0 itself: there the slope of ReLU is a convention
    record("gelu_exact", lambda x: F.gelu(x), x=x)
    record("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), x=x)
    record("silu", lambda x: F.silu(x), x=x)
    record("relu", lambda x: F.relu(x), x=x)
    record("relu_squared", lambda x: F.relu(x).square(), x=x)
    record("swiglu", lambda gate, up: F.silu(gate) * up, gate=normal(7, 13, scale=2.0), up=normal(7, 13))


def rotate(x, first_position):
    time, size = x.shape[-2:]
    frequency = 10000.0 ** (-torch.arange(0, size, 2, dtype=x.dtype) / size)  # (head size / 2)
    positions = first_position + torch.arange(time, dtype=x.dtype)
    angle = torch.outer(positions, frequency).repeat(1, 2)  # (time, head size)
    first, second = x.chunk(2, dim=-1)
    return x * angle.cos() + torch.cat((-second, first), dim=-1) * angle.sin()


def record_positions_and_embedding():
    record("rope", lambda x: rotate(x, 0), x=normal(2, 3, 11, 10))
    record("rope_offset", lambda x: rotate(x, 37), x=normal(2, 3, 5, 6))
    ids = random.randint(0, 17, (2, 7))
    ids[0, :4] = [5, 5, 16, 0]
    ids[1, 2] = 5
    record("embedding", lambda ids, table: table[ids], ids=ids, table=normal(17, 6))


def record_cross_entropy():
    logits, targets = normal(9, 23, scale=3.0), random.randint(0, 23, 9)
    targets[[2, 6]] = IGNORED
    for operation, smoothing in (("cross_entropy", 0.0), ("cross_entropy_smoothed", 0.1)):
        leaf = torch.from_numpy(logits).double().requires_grad_()
        loss = F.cross_entropy(leaf, torch.from_numpy(targets), ignore_index=IGNORED, label_smoothing=smoothing)
        loss.backward()
        tensors.update({f"{operation}.logits": logits, f"{operation}.targets": targets,
                        f"{operation}.loss": np.array(loss.item()), f"{operation}.dlogits": leaf.grad.numpy()})


def attend(query, key, value, causal, query_offset=0, key_lengths=None):
    """query: (batch, heads, query time, head size); key, value: (batch, key-value heads, key time, head size)."""
    group = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(group, dim=1), value.repeat_interleave(group, dim=1)
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (batch, heads, query time, key time)
    at = torch.arange(scores.shape[-1])
    if causal:
        scores = scores.masked_fill(at > query_offset + torch.arange(scores.shape[-2])[:, None], -math.inf)
    if key_lengths is not None:
        scores = scores.masked_fill(at >= key_lengths[:, None, None, None], -math.inf)
    return scores.softmax(-1) @ value


def record_attention():
    def inputs(heads=3, key_value_heads=3, query_time=11, key_time=11, size=6):
        return dict(query=normal(2, heads, query_time, size, scale=1.5), key=normal(2, key_value_heads, key_time, size, scale=1.5),
                    value=normal(2, key_value_heads, key_time, size))

    lengths = np.array([7, 11])
    record("attention_causal", lambda **x: attend(**x, causal=True), **inputs())
    record("attention_full", lambda **x: attend(**x, causal=False), **inputs(query_time=5))
    record("attention_padded", lambda **x: attend(**x, causal=False), **inputs(), key_lengths=lengths)
    record("attention_causal_padded", lambda **x: attend(**x, causal=True), **inputs(), key_lengths=lengths)
    record("attention_grouped", lambda **x: attend(**x, causal=True), **inputs(heads=6, key_value_heads=2, size=10))
    record("attention_offset", lambda **x: attend(**x, causal=True, query_offset=8), **inputs(query_time=3))


def record_adamw():
    start = normal(5, 7)
    parameter = torch.from_numpy(start).double().requires_grad_()
    optimizer = torch.optim.AdamW([parameter], lr=1e-2, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1)
    tensors["adamw.parameter.0"] = start
    for step in (1, 2, 3):
        gradient = normal(5, 7, scale=10.0 ** -step)
        parameter.grad = torch.from_numpy(gradient).double()
        optimizer.step()
        tensors[f"adamw.gradient.{step}"] = gradient
        tensors[f"adamw.parameter.{step}"] = parameter.detach().numpy().copy()
    state = optimizer.state[parameter]
    tensors["adamw.first_moment.3"] = state["exp_avg"].numpy()
    tensors["adamw.second_moment.3"] = state["exp_avg_sq"].numpy()


def orthogonalize(matrix):
    """Jordan's quintic Newton-Schulz iteration, on the wide one of the matrix and its transpose."""
    x = matrix / (matrix.norm() + 1e-7)
    x = x.T if matrix.shape[0] > matrix.shape[1] else x
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x


def record_muon():
    for shape, (rows, columns) in (("wide", (6, 13)), ("tall", (21, 7)), ("square", (9, 9))):
        start = normal(rows, columns)
        weight = torch.from_numpy(start).double()
        momentum = torch.zeros(rows, columns, dtype=torch.float64)
        tensors[f"muon_{shape}.weight.0"] = start
        for step in (1, 2, 3):
            gradient = normal(rows, columns, scale=10.0 ** -step)
            momentum = 0.95 * momentum + torch.from_numpy(gradient).double()
            update = orthogonalize(torch.from_numpy(gradient).double() + 0.95 * momentum)
            weight = weight * (1 - 0.02 * 0.1) - 0.02 * 0.2 * math.sqrt(max(rows, columns)) * update
            tensors[f"muon_{shape}.gradient.{step}"] = gradient
            tensors[f"muon_{shape}.weight.{step}"] = weight.numpy().copy()
        tensors[f"muon_{shape}.momentum.3"] = momentum.numpy()


def record_squared_error():
    values, targets, weights = normal(7, 13), normal(7, 13), np.abs(normal(7, 13))
    y = torch.from_numpy(values).double().requires_grad_()
    loss = (torch.from_numpy(weights).double() * F.mse_loss(y, torch.from_numpy(targets).double(), reduction="none")).mean()
    loss.backward()
    tensors.update({
        "squared_error.y": values, "squared_error.targets": targets, "squared_error.weights": weights,
        "squared_error.loss": loss.detach().numpy().reshape(1), "squared_error.dy": y.grad.numpy(),
    })


def record_composable_operations():
    a, b = normal(4, 5), normal(4, 5)
    record("multiply", lambda a, b: a * b, a=a, b=b)
    record("minimum", lambda a, b: torch.minimum(a, b), a=a, b=b)
    record("affine", lambda a: -2.5 * a + 0.75, a=a)
    record("exp", lambda a: a.exp(), a=a)
    record("log_sigmoid", lambda a: F.logsigmoid(a), a=normal(4, 5, scale=8))
    record("clip", lambda a: a.clip(-0.5, 0.4), a=a)
    record("softmax", lambda a: a.softmax(-1), a=normal(4, 5, scale=3))
    record("softmax_causal", causal_softmax, a=normal(2, 3, 5, scale=3))
    record("matrix_multiply", lambda a, b: a @ b, a=normal(2, 3, 4), b=normal(2, 4, 5))
    record("matrix_multiply_transposed", lambda a, b: a @ b.transpose(1, 2), a=normal(2, 3, 4), b=normal(2, 5, 4))
    record("columns", lambda a: a[..., 1:4], a=normal(2, 3, 5))
    record("delay", lambda a: F.pad(a, (0, 0, 2, 0))[:, :-2], a=normal(2, 5, 3))
    record("split_heads", lambda a: a.view(2, 4, 3, 2).transpose(1, 2).reshape(6, 4, 2), a=normal(2, 4, 6))
    record("merge_heads", lambda a: a.view(2, 3, 4, 2).transpose(1, 2).reshape(2, 4, 6), a=normal(6, 4, 2))


def causal_softmax(a):
    """The last of three rows sees all five keys, the one before it four."""
    rows, keys = a.shape[-2:]
    hidden = torch.arange(keys) > keys - rows + torch.arange(rows)[:, None]
    return a.masked_fill(hidden, -math.inf).softmax(-1)


def record_token_log_probabilities():
    inputs = dict(hidden=normal(6, 8), weight=normal(21, 8), bias=normal(21))
    tokens = np.array([3, 0, 20, 7, 7, 11])
    record("token_log_probabilities", token_log_probabilities, tokens=tokens, **inputs)
    record("token_entropies", token_entropies, **inputs)
    # Rafailov et al. 2023, "Direct Preference Optimization", equation 7: three pairs of one token each, chosen and rejected.
    record("preference_loss", preference_loss, tokens=tokens, reference=normal(6, scale=0.5, mean=-3), **inputs)


def token_log_probabilities(hidden, weight, bias, tokens):
    return F.linear(hidden, weight, bias).log_softmax(-1).gather(1, tokens[:, None])[:, 0]


def token_entropies(hidden, weight, bias):
    logs = F.linear(hidden, weight, bias).log_softmax(-1)
    return -(logs.exp() * logs).sum(-1)


def preference_loss(hidden, weight, bias, tokens, reference):
    ratio = token_log_probabilities(hidden, weight, bias, tokens) - reference
    return -F.logsigmoid(0.1 * (ratio[:3] - ratio[3:])).mean().reshape(1)


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    record_norms_and_linear()
    record_activations()
    record_positions_and_embedding()
    record_cross_entropy()
    record_attention()
    record_adamw()
    record_muon()
    record_squared_error()
    record_composable_operations()
    record_token_log_probabilities()
    safetensors_writer.write(Path(__file__).resolve().parent / "operations.safetensors", tensors, {
        "layer_norm.epsilon": 1e-5, "rms_norm.epsilon": 1e-6, "rope.theta": 10000.0, "rope.first_position": 0,
        "rope_offset.theta": 10000.0, "rope_offset.first_position": 37, "cross_entropy.ignored_target": IGNORED,
        "cross_entropy_smoothed.ignored_target": IGNORED, "cross_entropy_smoothed.label_smoothing": 0.1,
        "attention_offset.query_offset": 8, "adamw.learning_rate": 1e-2, "adamw.beta1": 0.9, "adamw.beta2": 0.99,
        "adamw.epsilon": 1e-8, "adamw.weight_decay": 0.1, "muon.learning_rate": 0.02, "muon.momentum": 0.95, "muon.weight_decay": 0.1,
    })
    print(f"operations: {len(tensors)} tensors")


if __name__ == "__main__":
    main()
