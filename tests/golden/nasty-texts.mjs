// Texts on which tokenizers differ, the same ones for the same seed: white space, contractions, digits and letters of many scripts, marks.
const fragments = [
  ' ', '  ', '   ', '\t', '\n', '\r\n', '\r', '\n\n', ' \n ', '\u00a0', '\u3000', '\u2028', '\u0085', '\u200b', '\ufeff', '\v',
  "'", "'s", "'S", "'ll", "'LL", "'lL", "'re", "'Ve", "'\u017f", '\u2019s', "''s", "'t", "'d", "'M", "'l", "'r", "'v",
  'a', 'don', 'Hello', 'HELLO', 'helloWorld', 'ABc', 'z\u0301', '\u0301', '\u0308\u0308', '\u00e9', '\u00df', '\u01c5', '\u02b0', '\u05d0', '\u0915\u094d\u0937',
  '\u4e2d\u6587', '\u3042\u30a2\u30fc', '\uac00\u11a8', '\u1100\u1161', '\ud55c\uae00', '\uf900', '\u212b', '\ufb01', '\u00bd', '\u0130', 'A\u030a', 'o\u0308\u0323', '\u1e9b\u0323',
  '1', '12', '1234567', '\u0663\u0664', '\u2167', '\u0967', '\u2460', '0x1F', '3.14', '\u00b2',
  '\u{1f600}', '\u{1f469}\u200d\u{1f4bb}', '\u{1f1eb}\u{1f1f7}', '\u{10400}', '\u{1d400}', '\u{1d7d8}', '\u{20000}', '\u{e0041}', '\u{2f800}', '\u{11131}\u{11127}',
  '\ufffd', '\uffff', '\0', '\u0001', '\u007f', '\ue000', '.', '...', '!?', '_', '$', '+=', '--', '/', '//\n', '<|', '|>', '\u3002', '\u00ab', '\u00b7', '(x)', '#y',
];

export function random(seed) { // xorshift, so that a seed says everything
  let state = seed;
  return limit => {
    state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

export function texts(count, seed, added = []) {
  const next = random(seed);
  const parts = [...fragments, ...added.slice(0, 12), ...added.slice(0, 4).map(token => ` ${token} `)];
  const result = ['', ' ', 'The quick brown fox jumps over 13 lazy dogs.\n'];
  while (result.length < count) {
    let text = '';
    const kind = next(5);
    for (let length = 1 + next(kind === 0 ? 30 : 8); length > 0; length--) {
      text += kind === 1 ? parts[next(parts.length)].repeat(1 + next(6)) : parts[next(parts.length)];
    }
    result.push(text);
  }
  return result;
}
