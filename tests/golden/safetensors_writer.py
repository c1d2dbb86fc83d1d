"""Writes a safetensors file with numpy alone: 8-byte little-endian header length, JSON header, raw tensors."""

import json
import struct

import numpy as np

DTYPES = {np.dtype("float64"): "F64", np.dtype("int64"): "I64", np.dtype("float32"): "F32"}


def write(path, tensors, metadata):
    """tensors: name -> numpy array. Wider types come first, then names ascending, so that every tensor is aligned."""
    header = {"__metadata__": {key: str(value) for key, value in metadata.items()}}
    order = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, DTYPES[tensors[name].dtype], name))
    offset = 0
    for name in order:
        array = tensors[name]
        header[name] = {"dtype": DTYPES[array.dtype], "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for name in order:
            file.write(np.ascontiguousarray(tensors[name]).tobytes())
