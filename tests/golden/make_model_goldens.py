#!/usr/bin/python3
"""Makes the model goldens: small Hugging Face folders and, beside each, what PyTorch computes from them in float64.

The models are written in plain PyTorch and follow transformers' GPT2LMHeadModel, LlamaForCausalLM and Qwen3ForCausalLM:
the same parameter names, orientations, epsilons and order of operations. See README.md for what each file holds.

    /usr/bin/python3 tests/golden/make_model_goldens.py        (Debian 12: apt install python3-torch python3-numpy)
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import safetensors_writer

HERE = Path(__file__).resolve().parent
BATCH, TIME = 3, 11
IGNORED = -1
ADAMW = dict(lr=1e-2, betas=(0.9, 0.99), eps=1e-8)
WEIGHT_DECAY, CLIP_NORM, ADAMW_STEPS = 0.1, 1.0, 10

ACTIVATIONS = {
    "gelu_new": lambda x: F.gelu(x, approximate="tanh"),
    "gelu": F.gelu,
    "relu": F.relu,
    "silu": F.silu,
}


def attend(query, key, value):
    """Causal attention. query: (batch, heads, time, head size); key, value: (batch, key-value heads, time, head size)."""
    group = query.shape[1] // key.shape[1]
    key = key.repeat_interleave(group, dim=1)  # query head h reads key-value head h // group
    value = value.repeat_interleave(group, dim=1)
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (batch, heads, time, time)
    future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    merged = scores.masked_fill(future, -math.inf).softmax(-1) @ value
    return merged.transpose(1, 2).flatten(2)  # (batch, time, heads * head size)


def split_heads(x, head_size):
    return x.unflatten(-1, (-1, head_size)).transpose(1, 2)  # (batch, heads, time, head size)


# GPT-2 ---------------------------------------------------------------------------------------------------------------

def gpt2_config(vocabulary, context, width, layers, heads, activation, inner=None):
    return {
        "activation_function": activation, "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.0,
        "bos_token_id": 0, "embd_pdrop": 0.0, "eos_token_id": 0, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05,
        "model_type": "gpt2", "n_ctx": context, "n_embd": width, "n_head": heads, "n_inner": inner, "n_layer": layers,
        "n_positions": context, "reorder_and_upcast_attn": False, "resid_pdrop": 0.0,
        "scale_attn_by_inverse_layer_idx": False, "scale_attn_weights": True, "torch_dtype": "float32", "use_cache": True,
        "vocab_size": vocabulary,
    }


def gpt2_shapes(config):
    width, inner = config["n_embd"], config["n_inner"] or 4 * config["n_embd"]
    yield "transformer.wte.weight", (config["vocab_size"], width)
    yield "transformer.wpe.weight", (config["n_positions"], width)
    for layer in range(config["n_layer"]):
        at = f"transformer.h.{layer}."
        yield at + "ln_1.weight", (width,)
        yield at + "ln_1.bias", (width,)
        yield at + "attn.c_attn.weight", (width, 3 * width)  # Conv1D: (in, out)
        yield at + "attn.c_attn.bias", (3 * width,)
        yield at + "attn.c_proj.weight", (width, width)
        yield at + "attn.c_proj.bias", (width,)
        yield at + "ln_2.weight", (width,)
        yield at + "ln_2.bias", (width,)
        yield at + "mlp.c_fc.weight", (width, inner)
        yield at + "mlp.c_fc.bias", (inner,)
        yield at + "mlp.c_proj.weight", (inner, width)
        yield at + "mlp.c_proj.bias", (width,)
    yield "transformer.ln_f.weight", (width,)
    yield "transformer.ln_f.bias", (width,)


def gpt2_logits(config, weights, ids):
    width, heads = config["n_embd"], config["n_head"]
    activation = ACTIVATIONS[config["activation_function"]]

    def norm(x, name):
        return F.layer_norm(x, (width,), weights[name + ".weight"], weights[name + ".bias"], config["layer_norm_epsilon"])

    def conv1d(x, name):
        return x @ weights[name + ".weight"] + weights[name + ".bias"]

    x = weights["transformer.wte.weight"][ids] + weights["transformer.wpe.weight"][: ids.shape[1]]  # (batch, time, width)
    for layer in range(config["n_layer"]):
        at = f"transformer.h.{layer}."
        parts = conv1d(norm(x, at + "ln_1"), at + "attn.c_attn").split(width, dim=-1)
        x = x + conv1d(attend(*(split_heads(part, width // heads) for part in parts)), at + "attn.c_proj")
        x = x + conv1d(activation(conv1d(norm(x, at + "ln_2"), at + "mlp.c_fc")), at + "mlp.c_proj")
    return norm(x, "transformer.ln_f") @ weights["transformer.wte.weight"].T  # tied head


# Llama and Qwen3 -----------------------------------------------------------------------------------------------------

def llama_config(model_type, vocabulary, context, width, inner, layers, heads, key_value_heads, head_size, theta, tied):
    config = {
        "architectures": [{"llama": "LlamaForCausalLM", "qwen3": "Qwen3ForCausalLM"}[model_type]],
        "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 0, "eos_token_id": 0, "head_dim": head_size,
        "hidden_act": "silu", "hidden_size": width, "initializer_range": 0.02, "intermediate_size": inner,
        "max_position_embeddings": context, "model_type": model_type, "num_attention_heads": heads,
        "num_hidden_layers": layers, "num_key_value_heads": key_value_heads, "rms_norm_eps": 1e-06, "rope_scaling": None,
        "rope_theta": theta, "tie_word_embeddings": tied, "torch_dtype": "float32", "use_cache": True,
        "vocab_size": vocabulary,
    }
    if model_type == "llama":
        config |= {"mlp_bias": False, "pretraining_tp": 1}
    else:
        config |= {"max_window_layers": layers, "sliding_window": None, "use_sliding_window": False}
    return dict(sorted(config.items()))


def llama_shapes(config):
    width, inner, size = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    yield "model.embed_tokens.weight", (config["vocab_size"], width)
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        yield at + "input_layernorm.weight", (width,)
        yield at + "self_attn.q_proj.weight", (config["num_attention_heads"] * size, width)  # Linear: (out, in)
        yield at + "self_attn.k_proj.weight", (config["num_key_value_heads"] * size, width)
        yield at + "self_attn.v_proj.weight", (config["num_key_value_heads"] * size, width)
        yield at + "self_attn.o_proj.weight", (width, config["num_attention_heads"] * size)
        if config["model_type"] == "qwen3":
            yield at + "self_attn.q_norm.weight", (size,)
            yield at + "self_attn.k_norm.weight", (size,)
        yield at + "post_attention_layernorm.weight", (width,)
        yield at + "mlp.gate_proj.weight", (inner, width)
        yield at + "mlp.up_proj.weight", (inner, width)
        yield at + "mlp.down_proj.weight", (width, inner)
    yield "model.norm.weight", (width,)
    if not config["tie_word_embeddings"]:
        yield "lm_head.weight", (config["vocab_size"], width)


def rotate(x, theta):
    """Rotary positions as transformers applies them: element i of the first half pairs with element i of the second."""
    time, size = x.shape[-2:]
    frequency = theta ** (-torch.arange(0, size, 2, dtype=x.dtype) / size)  # (head size / 2)
    angle = torch.outer(torch.arange(time, dtype=x.dtype), frequency).repeat(1, 2)  # (time, head size)
    first, second = x.chunk(2, dim=-1)
    return x * angle.cos() + torch.cat((-second, first), dim=-1) * angle.sin()


def llama_logits(config, weights, ids):
    size, theta = config["head_dim"], config["rope_theta"]

    def norm(x, name):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + config["rms_norm_eps"]) * weights[name + ".weight"]

    def linear(x, name):
        return x @ weights[name + ".weight"].T

    x = weights["model.embed_tokens.weight"][ids]  # (batch, time, width)
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        normed = norm(x, at + "input_layernorm")
        query, key, value = (split_heads(linear(normed, f"{at}self_attn.{name}_proj"), size) for name in "qkv")
        if config["model_type"] == "qwen3":
            query, key = norm(query, at + "self_attn.q_norm"), norm(key, at + "self_attn.k_norm")
        x = x + linear(attend(rotate(query, theta), rotate(key, theta), value), at + "self_attn.o_proj")
        normed = norm(x, at + "post_attention_layernorm")
        gated = F.silu(linear(normed, at + "mlp.gate_proj")) * linear(normed, at + "mlp.up_proj")
        x = x + linear(gated, at + "mlp.down_proj")
    head = "model.embed_tokens" if config["tie_word_embeddings"] else "lm_head"
    return linear(norm(x, "model.norm"), head)


# Goldens -------------------------------------------------------------------------------------------------------------

def draw_weights(shapes, random):
    """Scales large enough that no gradient is close to 0: matrices N(0, 0.08), gains 1 + N(0, 0.1), biases N(0, 0.1)."""
    weights = {}
    for name, shape in shapes:
        noise = random.standard_normal(shape)
        if name.endswith(".bias"):
            values = 0.1 * noise
        elif len(shape) == 1:
            values = 1 + 0.1 * noise
        else:
            values = 0.08 * noise
        weights[name] = values.astype(np.float32)
    return weights


def loss_of(logits, targets):
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)


def follow_adamw(logits_of, weights, ids, targets):
    """The loss before each of ten AdamW steps on the same batch; weight decay on matrices (embeddings included) only."""
    weights = {name: value.detach().clone().requires_grad_() for name, value in weights.items()}
    matrices = [value for value in weights.values() if value.dim() == 2]
    vectors = [value for value in weights.values() if value.dim() != 2]
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, **ADAMW)
    losses = []
    for _ in range(ADAMW_STEPS):
        loss = loss_of(logits_of(weights, ids), targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(matrices + vectors, CLIP_NORM)
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses)


def make(folder, config, shapes, logits_of, seed):
    random = np.random.RandomState(seed)  # its streams are frozen: numpy promises the same numbers in every version
    stored = draw_weights(shapes(config), random)
    ids = random.randint(0, config["vocab_size"], (BATCH, TIME))
    targets = random.randint(0, config["vocab_size"], (BATCH, TIME))
    targets[0, 0] = targets[1, 4:7] = targets[2, -1] = IGNORED

    weights = {name: torch.from_numpy(value).double().requires_grad_() for name, value in stored.items()}
    run = lambda weights, ids: logits_of(config, weights, ids)
    tensors = {"input_ids": ids, "targets": targets}
    ids, targets = torch.from_numpy(ids), torch.from_numpy(targets)
    logits = run(weights, ids)
    loss = loss_of(logits, targets)
    loss.backward()
    norm = torch.sqrt(sum(value.grad.square().sum() for value in weights.values()))
    tensors |= {"logits": logits.detach().numpy(), "loss": np.array(loss.item()), "gradient_norm": np.array(norm.item())}
    tensors |= {"grad." + name: value.grad.numpy() for name, value in weights.items()}
    tensors["adamw_losses"] = follow_adamw(run, weights, ids, targets)

    path = HERE / folder
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    safetensors_writer.write(path / "model.safetensors", stored, {"format": "pt"})
    safetensors_writer.write(path / "golden.safetensors", tensors, {
        "adamw.learning_rate": ADAMW["lr"], "adamw.beta1": ADAMW["betas"][0], "adamw.beta2": ADAMW["betas"][1],
        "adamw.epsilon": ADAMW["eps"], "adamw.weight_decay_of_matrices": WEIGHT_DECAY, "adamw.clip_norm": CLIP_NORM,
        "ignored_target": IGNORED,
    })
    smallest = min(value.grad.norm().item() for value in weights.values()) / norm.item()
    print(f"{folder}: loss {loss.item():.6f}, gradient norm {norm.item():.4f}, smallest share of a tensor {smallest:.1e}, "
          f"AdamW {tensors['adamw_losses'][0]:.4f} -> {tensors['adamw_losses'][-1]:.4f}")


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    make("gpt2", gpt2_config(67, 16, 24, 2, 3, "gelu_new"), gpt2_shapes, gpt2_logits, seed=1)
    make("gpt2-gelu", gpt2_config(31, 13, 14, 1, 2, "gelu"), gpt2_shapes, gpt2_logits, seed=2)
    make("gpt2-relu", gpt2_config(31, 13, 15, 1, 3, "relu", inner=37), gpt2_shapes, gpt2_logits, seed=3)
    make("llama", llama_config("llama", 61, 32, 24, 52, 2, 4, 2, 6, 10000.0, False), llama_shapes, llama_logits, seed=4)
    make("qwen3", llama_config("qwen3", 61, 32, 24, 52, 2, 4, 2, 10, 1000000.0, True), llama_shapes, llama_logits, seed=5)


if __name__ == "__main__":
    main()
