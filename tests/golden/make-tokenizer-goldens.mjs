// Writes tokenizers.json: a small byte-level BPE, changes to its tokenizer.json, texts, and the ids that Hugging Face's own library
// (npm package "tokenizers" 0.23.2, the Rust one) gives them. Usage: node make-tokenizer-goldens.mjs NODE_MODULES > tokenizers/goldens.json
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { texts } from './nasty-texts.mjs';

const { Tokenizer } = createRequire(join(resolve(process.argv[2]), 'x.js'))('tokenizers');

const bytes = [...Array(256).keys()];
const printable = b => (b >= 33 && b <= 126) || (b >= 161 && b !== 173);
let other = 256;
const alphabet = bytes.map(b => String.fromCodePoint(printable(b) ? b : other++));
const vocab = Object.fromEntries(alphabet.map((c, id) => [c, id]));
const merges = [];
for (const word of ['Ġthe', 'Hello', 'HELLO', 'don', 'World', "'s", "'ll", 'ĠĠĠĠ', '123', '12', 'ĊĊ', 'Ã©', 'ä¸Ń', 'æĸĩ', 'abc', '<|', '|>', '..', '...', '++', "'S"]) {
  for (let i = 1; i < word.length; i++) {
    const [left, right] = [word.slice(0, i), word[i]];
    if (vocab[left + right] === undefined) {
      vocab[left + right] = Object.keys(vocab).length;
      merges.push(`${left} ${right}`);
    }
  }
}
const end = Object.keys(vocab).length;
const token = (id, content, options) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: false, ...options });
const eot = token(end, '<|endoftext|>', { special: true });
const byteLevel = (use_regex = true, add_prefix_space = false) => ({ type: 'ByteLevel', add_prefix_space, trim_offsets: true, use_regex });
const split = (Regex, behavior = 'Isolated', invert = false) => ({ type: 'Split', pattern: { Regex }, behavior, invert });
const sequence = (...pretokenizers) => ({ type: 'Sequence', pretokenizers });
const normalizers = (...normalizers) => ({ type: 'Sequence', normalizers });
const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const rest = '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const gpt2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const gpt4 = `${contractions}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}${rest}`;
const qwen = `${contractions}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${rest}`;
const low = '[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+';
const high = '[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*';
const slashes = '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const gpt4o = `${low}${contractions}?|${high}${contractions}?|\\p{N}{1,3}${slashes}`;
const tekken = `${low}|${high}|\\p{N}${slashes}`;
const deepSeek = ['\\p{N}{1,3}', '[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+',
  "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"];
const special = id => ({ SpecialToken: { id, type_id: 0 } });
const text = { Sequence: { id: 'A', type_id: 0 } };
const template = (single, ...tokens) => ({
  type: 'TemplateProcessing', single, pair: [...single, { Sequence: { id: 'B', type_id: 1 } }],
  special_tokens: Object.fromEntries(tokens.map(([id, ...ids]) => [id, { id, ids, tokens: ids.map(n => n === end ? eot.content : alphabet[n]) }])),
});
const strip = options => ({ added_tokens: [eot, token(end + 1, '<m>', options)] });
const stripTexts = ['x  <m> y', '<m>  <m>', ' <m> ', 'x<m>y', 'x <m>, <m>', 'a\u00a0\u3000<m>\u2028\n<m>b', '\u200b<m>', '_<m>', '-<m>-', '\u0301<m>', '\u00b2<m>\u2460', '\u2160<m>', '\u24b6<m>',
  '\u203f<m>', '1<m>', '<m>\u0661', '\u200d<m>', '\u{1d400}<m>', '<m>\u{1f130}', '\u{1f600}<m>', 'x <M> <m>', '<m><m> <m>x'];

const variants = {
  'ByteLevel': [{}],
  'ByteLevel without a regex': [{ pre_tokenizer: byteLevel(false) }],
  'ByteLevel with a space before': [{ pre_tokenizer: byteLevel(true, true), ...strip({}) }, stripTexts],
  'no space before, no regex': [{ pre_tokenizer: byteLevel(false, true) }],
  'Sequence of one': [{ pre_tokenizer: sequence(byteLevel()) }],
  'Sequence in a Sequence': [{ pre_tokenizer: sequence(sequence(), sequence(split(gpt4)), byteLevel(false)) }],
  'GPT-2 as a Split': [{ pre_tokenizer: sequence(split(gpt2), byteLevel(false)) }],
  'GPT-4': [{ pre_tokenizer: sequence(split(gpt4), byteLevel(false)) }],
  'GPT-4, removed and inverted': [{ pre_tokenizer: sequence(split(gpt4, 'Removed', true), byteLevel(false)) }],
  'GPT-4, isolated and inverted': [{ pre_tokenizer: sequence(split(gpt4, 'Isolated', true), byteLevel(false)) }],
  'GPT-4 and then GPT-2': [{ pre_tokenizer: sequence(split(gpt4), byteLevel(true)) }],
  'GPT-4o': [{ pre_tokenizer: sequence(split(gpt4o), byteLevel(false)) }],
  'Tekken': [{ pre_tokenizer: sequence(split(tekken), byteLevel(false)) }],
  'Qwen': [{ pre_tokenizer: sequence(split(qwen), byteLevel(false)), normalizer: { type: 'NFC' } }],
  'SmolLM': [{ pre_tokenizer: sequence({ type: 'Digits', individual_digits: true }, byteLevel()) }],
  'Digits': [{ pre_tokenizer: sequence({ type: 'Digits', individual_digits: false }, byteLevel()) }],
  'DeepSeek': [{ pre_tokenizer: sequence(...deepSeek.map(regex => split(regex)), byteLevel(false)), normalizer: normalizers() }],
  'NFD': [{ normalizer: { type: 'NFD' } }],
  'NFKC': [{ normalizer: { type: 'NFKC' } }],
  'NFKD and small letters': [{ normalizer: normalizers({ type: 'NFKD' }, normalizers({ type: 'Lowercase' })), ...strip({ normalized: true }) }, stripTexts],
  'Lowercase, a token before it': [{ normalizer: { type: 'Lowercase' }, added_tokens: [token(end, '<M>', {})] }, stripTexts],
  'Lowercase, a token behind it': [{ normalizer: { type: 'Lowercase' }, added_tokens: [token(end, '<M>', { normalized: true })] }, stripTexts],
  'Prepend and Replace': [{ normalizer: normalizers({ type: 'Prepend', prepend: 'ab' }, { type: 'Replace', pattern: { String: 'a' }, content: 'Hello' }), ...strip({}) }, stripTexts],
  'lstrip': [strip({ lstrip: true }), stripTexts],
  'rstrip': [strip({ rstrip: true }), stripTexts],
  'lstrip and rstrip': [strip({ lstrip: true, rstrip: true, normalized: true }), stripTexts],
  'single_word': [strip({ single_word: true }), stripTexts],
  'all options': [strip({ single_word: true, lstrip: true, rstrip: true, special: true }), stripTexts],
  'tokens in tokens': [{ added_tokens: [eot, token(end + 1, '<a>', { rstrip: true }), token(end + 2, '  <b>'), token(end + 3, '<b>', { lstrip: true }), token(end + 4, '<a><b>', { single_word: true })] },
    ['x<a>  <b>y  <b>z', '<a><b>', 'x<a><b>', '<a> <b> <a><b> ', '<|endoftext|><a>   <|endoftext|>']],
  'raw before normalized': [{ added_tokens: [eot, token(end + 1, 'a<b', { normalized: true }), token(end + 2, '<b>')] }, ['a<b>', 'a<b', '<b>a<b<b>']],
  'ignore_merges': [{ model: { ignore_merges: true, merges: merges.slice(0, 10) } }],
  'merges as pairs': [{ model: { merges: merges.map(merge => merge.split(' ')) } }],
  'a pair twice': [{ model: { merges: [...merges, ...merges.slice(0, 12)] } }],
  'empty affixes': [{ model: { continuing_subword_prefix: '', end_of_word_suffix: '', dropout: 0, byte_fallback: true, unk_token: 'a' } }],
  'unknown bytes': [{ model: { unk_token: 'z', vocab: ['l', ' '] } }, ['allll', 'Hello', 'l', 'all l']],
  'unknown bytes, fused': [{ model: { unk_token: 'z', fuse_unk: true, vocab: ['l', ' '] } }, ['allll', 'Hello', 'l', 'all l']],
  'a template': [{ post_processor: template([special('<|endoftext|>'), text], ['<|endoftext|>', end]) }],
  'a template on both sides': [{ post_processor: template([special('two'), text, special('<|endoftext|>')], ['<|endoftext|>', end], ['two', 64, 65]) }],
  'a template in a Sequence': [{ post_processor: { type: 'Sequence', processors: [byteLevel(), template([special('<|endoftext|>'), text], ['<|endoftext|>', end])] } }],
  'BertProcessing': [{ post_processor: { type: 'BertProcessing', sep: ['<|endoftext|>', end], cls: ['A', vocab['A']] } }],
  'RobertaProcessing': [{ post_processor: { type: 'RobertaProcessing', sep: ['<|endoftext|>', end], cls: ['A', vocab['A']], trim_offsets: true, add_prefix_space: false } }],
};
const base = {
  version: '1.0', truncation: null, padding: null, added_tokens: [eot], normalizer: null, pre_tokenizer: byteLevel(), post_processor: null, decoder: byteLevel(),
  model: { type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false, byte_fallback: false, vocab, merges },
};
const all = [];
for (const [index, [name, [change, own = []]]] of Object.entries(variants).entries()) {
  const file = { ...base, ...change, model: { ...base.model, ...change.model } };
  if (Array.isArray(file.model.vocab)) { // a list of what is left out, and the merges with it
    const lacks = piece => change.model.vocab.some(missing => piece.includes(missing));
    file.model.vocab = Object.fromEntries(Object.keys(vocab).filter(piece => !lacks(piece)).map((piece, id) => [piece, id]));
    file.model.merges = merges.filter(merge => !lacks(merge.replace(' ', '')));
    file.added_tokens = [];
    change.model = { ...change.model, vocab: file.model.vocab, merges: file.model.merges };
    change.added_tokens = [];
  }
  const tokenizer = Tokenizer.fromString(JSON.stringify(file));
  const cases = [];
  for (const text of [...own, ...texts(own.length > 0 ? 20 : 40, 100 + index, file.added_tokens.map(added => added.content))]) {
    cases.push({ text, ids: (await tokenizer.encode(text)).getIds() });
  }
  all.push({ name, change, cases });
}
console.log(`{"base":${JSON.stringify(base)},\n"variants":[\n${all.map(variant => JSON.stringify(variant)).join(',\n')}\n]}`);
