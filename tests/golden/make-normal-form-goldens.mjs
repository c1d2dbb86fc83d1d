// Writes normal forms as Node.js has them (ICU): node make-normal-form-goldens.mjs > tokenizers/normal-forms.json
// digests: SHA-256 of the forms of all characters of the basic plane, one after the other, each with a line feed behind it. U+A7F1 is newer than
// our table. cases: texts, each with its four forms.
import { createHash } from 'node:crypto';
import { random } from './nasty-texts.mjs';

const forms = ['NFC', 'NFD', 'NFKC', 'NFKD'];
const digests = {};
for (const form of forms) {
  const hash = createHash('sha256');
  for (let c = 0; c < 0x10000; c++) {
    if ((c < 0xd800 || c > 0xdfff) && c !== 0xa7f1) {
      hash.update(String.fromCharCode(c).normalize(form) + '\n', 'utf8');
    }
  }
  digests[form] = hash.digest('hex');
}
const parts = ['a', 'A', 'o', 'e', 's', 'q', '\u0323', '\u0307', '\u0301', '\u0302', '\u0308', '\u030a', '\u0327', '\u0345', '\u031b', '\u05b0', '\u094d', '\u3099', '\u0344', '\u0340', '\u0f71', '\u0f72',
  '\u00e9', '\u1e9b', '\u1e69', '\u212b', '\u2126', '\ufb01', '\u00bd', '\u2075', '\u24b6', '\u3300', '\uf900', '\ufb1d', '\ufdfa', '\u0958', '\u2adc', '\u1100', '\u1161', '\u11a8', '\uac00', '\uac01',
  '\u09c7', '\u09be', '\u09d7', '\u0dd9', '\u0dcf', '\u0dca', '\u1025', '\u102e', '\u{11131}', '\u{11127}', '\u{1d15e}', '\u{1d400}', '\u{2f800}', '\u{1f131}', ' ', 'x\u0338', '=\u0338', '\u226e', '\u0344'];
const next = random(99);
const cases = [];
for (let i = 0; i < 400; i++) {
  let text = '';
  for (let length = 1 + next(8); length > 0; length--) {
    text += parts[next(parts.length)];
  }
  cases.push([text, ...forms.map(form => text.normalize(form))]);
}
console.log(`{"digests":${JSON.stringify(digests)},\n"cases":[\n${cases.map(item => JSON.stringify(item).replace(/[^\x20-\x7e]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)).join(',\n')}\n]}`);
