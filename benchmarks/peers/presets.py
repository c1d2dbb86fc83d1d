"""The work that both sides of a comparison do. The names are `idiolect train --preset` names."""

from typing import NamedTuple


class Preset(NamedTuple):
    vocabulary: int
    context: int
    width: int
    layers: int
    heads: int
    batch: int
    steps: int  # enough for a stable median, in seconds rather than minutes


PRESETS = {
    "nanogpt-cpu": Preset(vocabulary=65, context=64, width=128, layers=4, heads=4, batch=12, steps=200),
    "nanogpt": Preset(vocabulary=65, context=256, width=384, layers=6, heads=6, batch=8, steps=10),
    "gpt2-124m": Preset(vocabulary=50257, context=64, width=768, layers=12, heads=12, batch=4, steps=10),
}
