// Times tiktoken's two JavaScript libraries on GPT-2's vocabulary: js-tiktoken (JavaScript) and tiktoken (WebAssembly).
//
//     node benchmarks/peers/tiktoken_encode.mjs TEXTS.json
//
// TEXTS.json is an array of strings. Prints one JSON line a library. Installs both under artifacts/peers at the first run, without
// running their install scripts. `dotnet run -c Release --project benchmarks/Idiolect.Benchmarks -- tokenizer` runs it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import path from "node:path";

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../artifacts/peers");
const packages = ["js-tiktoken@1.0.21", "tiktoken@1.0.22"];

if (packages.some(name => !existsSync(path.join(folder, "node_modules", name.split("@")[0])))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "package.json"), "{}");
    const install = spawnSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", ...packages],
        { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
    if (install.status !== 0) {
        console.error("tiktoken_encode.mjs: npm could not install " + packages.join(" and "));
        process.exit(1);
    }
}

const texts = JSON.parse(readFileSync(process.argv[2], "utf8"));
const require = createRequire(path.join(folder, "package.json"));
for (const name of packages) {
    const encoding = require(name.split("@")[0]).getEncoding?.("gpt2") ?? require(name.split("@")[0]).get_encoding("gpt2");
    encoding.encode(texts[0]);
    const start = process.hrtime.bigint();
    let tokens = 0;
    for (const text of texts) {
        tokens += encoding.encode(text).length;
    }
    console.log(JSON.stringify({ name: `${name}, Node ${process.versions.node}`, seconds: Number(process.hrtime.bigint() - start) / 1e9, tokens }));
}
