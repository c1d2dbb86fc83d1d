// Compares tokenizers that Idiolect saved with Hugging Face's own library (npm package "tokenizers", the Rust one).
// Usage: node check-tokenizers.mjs NODE_MODULES FOLDER...
// A folder holds tokenizer.json and cases.json, a list of {"text": ..., "ids": [...], "dec": ...}.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [modules, ...folders] = process.argv.slice(2);
const { Tokenizer } = createRequire(join(resolve(modules), 'x.js'))('tokenizers');
for (const folder of folders) {
  const tokenizer = Tokenizer.fromFile(join(folder, 'tokenizer.json'));
  const cases = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8'));
  let tokens = 0;
  const wrong = [];
  for (const { text, ids, dec } of cases) {
    const theirs = (await tokenizer.encode(text)).getIds();
    const decoded = await tokenizer.decode(ids, false);
    tokens += theirs.length;
    if (JSON.stringify(theirs) !== JSON.stringify(ids) || decoded !== dec) {
      wrong.push({ text, ours: ids, theirs, dec, decoded });
    }
  }
  console.log(`${folder}: ${cases.length} texts, ${tokens} tokens, ${wrong.length} differ`);
  wrong.sort((a, b) => a.text.length - b.text.length).slice(0, 3).forEach(item => console.log(JSON.stringify(item).slice(0, 500)));
  process.exitCode ||= wrong.length > 0 ? 1 : 0;
}
