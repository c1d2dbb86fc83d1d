#!/usr/bin/env python3
"""Writes decompositions.txt: the decompositions and combining classes of Unicode, from Python's unicodedata.

Run: /usr/bin/python3 make_decompositions.py > decompositions.txt      (Python 3.11: Unicode 14)

Lines, numbers in hexadecimal:
  C<class> <first>[-<last>]...       characters of a canonical combining class other than 0
  <character>=<characters>           canonical decomposition, by one step, which composition undoes
  <character>!<characters>           canonical decomposition which composition does not undo
  <character>~<characters>           compatibility decomposition, by one step
Hangul syllables are not there: they are computed.
"""
import sys
import unicodedata as u

print(f"# Unicode {u.unidata_version}: written by make_decompositions.py")
classes = {}
for c in range(sys.maxunicode + 1):
    if k := u.combining(chr(c)):
        classes.setdefault(k, []).append(c)
for k, members in sorted(classes.items()):
    runs = []
    for c in members:
        if runs and runs[-1][1] == c - 1:
            runs[-1][1] = c
        else:
            runs.append([c, c])
    print(f"C{k:X} " + " ".join(f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in runs))
for c in range(sys.maxunicode + 1):
    parts = u.decomposition(chr(c)).split()
    if not parts:
        continue
    if parts[0].startswith("<"):
        sign, parts = "~", parts[1:]
    else:
        sign = "=" if len(parts) == 2 and u.normalize("NFC", chr(c)) == chr(c) else "!"
    print(f"{c:X}{sign}" + " ".join(f"{int(p, 16):X}" for p in parts))
