// Writes cases.json beside each tokenizer.json: texts, and the ids that Hugging Face's own library (npm package "tokenizers", the Rust one)
// gives them. Usage: node make-tokenizer-cases.mjs NODE_MODULES FOLDER...
// tests/Idiolect.Tests/Tokenization/PublishedTokenizerTests.cs reads folders in artifacts/test-data/tokenizers.
import { createRequire } from 'node:module';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { texts } from './nasty-texts.mjs';

const [modules, ...folders] = process.argv.slice(2);
const { Tokenizer } = createRequire(join(resolve(modules), 'x.js'))('tokenizers');
for (const folder of folders) {
  const tokenizer = Tokenizer.fromFile(join(folder, 'tokenizer.json'));
  const added = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')).added_tokens.map(token => token.content);
  const corpus = join(folder, 'texts.json'); // more texts, where somebody put them
  const all = [...texts(4000, 7, added), ...(existsSync(corpus) ? JSON.parse(readFileSync(corpus, 'utf8')) : [])];
  const cases = [];
  for (const text of all) {
    const ids = (await tokenizer.encode(text)).getIds();
    const plain = (await tokenizer.encode(text, null, { addSpecialTokens: false })).getIds();
    cases.push({ text, ids, plain });
  }
  writeFileSync(join(folder, 'cases.json'), JSON.stringify(cases));
  console.log(`${folder}: ${cases.length} texts`);
}
