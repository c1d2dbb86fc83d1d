#!/usr/bin/env python3
"""Writes much text, the same for the same seed: python3 benchmarks/make_text.py big.txt --megabytes 2000 [--seed 1].

Words follow Zipf's law over 60,000 made-up ones; sentences come from a pool, mixed with numbers and words of their own, in
paragraphs of a few lines with a blank line between them.
"""
import argparse
import random

SYLLABLES = [c + v + e for c in ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "gl", "") for v in "aeiou" for e in ("", "n", "r", "s", "l", "nd")]


def words_of(rng):
    words = set()
    while len(words) < 60_000:
        words.add("".join(rng.choice(SYLLABLES) for _ in range(rng.choice((1, 2, 2, 3, 3, 4)))) or "a")
    words = sorted(words)
    rng.shuffle(words)
    return words


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--megabytes", type=float, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    words = words_of(rng)
    weights = [1 / (rank + 2) for rank in range(len(words))]
    pool = []
    for _ in range(40_000):
        sentence = rng.choices(words, weights, k=rng.randint(5, 24))
        sentence[0] = sentence[0].capitalize()
        pool.append(" ".join(sentence) + rng.choice((".", ".", ".", "?", "!", ";")))
    left = int(options.megabytes * 1_000_000)
    with open(options.path, "w", encoding="ascii", newline="\n") as file:
        while left > 0:
            block = []
            for _ in range(2_000):
                sentences = rng.choices(pool, k=4)
                sentences.insert(rng.randint(0, 4), f"{rng.choice(words).capitalize()} {rng.randint(0, 9_999_999)} {rng.choice(words)}.")
                block.append(" ".join(sentences[:3]) + "\n" + " ".join(sentences[3:]) + "\n\n")
            text = "".join(block)[:left]
            file.write(text)
            left -= len(text)


if __name__ == "__main__":
    main()
