// Makes the site: bundles, names by content and compresses everything the server embeds.
//
//   node build.mjs --glue DIR --out DIR    the whole site; DIR of the glue holds taskgauge.js and taskgauge_bg.wasm
//   node build.mjs --charts FILE           only the chart bundle, under a name of the caller's choice
//
// The site is written beside its place and moved there at the end, so that a half-made one is never embedded.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(HERE);

/** The browsers that are supported: those with wasm reference types, CSS nesting and `light-dark()`. */
const BROWSERS = ["chrome123", "edge123", "firefox120", "safari17.5"];

/** QuickJS, which draws the pictures in the first HTML, knows ES2020 and most of what came later. */
const CHARTS_TARGET = "es2020";

/** Kinds of files that shrink. Pictures and fonts are compressed already. */
const COMPRESSIBLE = new Set([".css", ".html", ".ico", ".js", ".json", ".map", ".svg", ".txt", ".wasm", ".webmanifest", ".xml"]);

/** Below this many bytes a compressed copy saves nothing on the wire. */
const WORTH_COMPRESSING = 512;

async function bundle(options) {
  const result = await build({
    bundle: true,
    minify: true,
    legalComments: "none",
    logLevel: "warning",
    write: false,
    absWorkingDir: HERE,
    ...options,
  });
  return Buffer.from(result.outputFiles[0].contents);
}

const bundleCharts = () =>
  bundle({
    entryPoints: [join(HERE, "js/charts.js")],
    format: "iife",
    target: CHARTS_TARGET,
    platform: "neutral",
    // ECharts warns at length unless it is told that nobody is there to read it.
    define: { "process.env.NODE_ENV": '"production"' },
    banner: { js: "/* Contains Apache ECharts (Apache License 2.0) and ZRender (BSD 3-Clause License). */" },
  });

/** Addresses on our own server in `url(…)` are files of public/, which are copied as they are. */
const publicFiles = {
  name: "public-files",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\// }, ({ kind, path }) => (kind === "url-token" ? { path, external: true } : undefined)),
};

const bundleStyle = () =>
  bundle({
    entryPoints: [join(ROOT, "style/main.css")],
    target: BROWSERS,
    plugins: [publicFiles],
  });

/** The glue of wasm-bindgen as one module with our own scripts, which Rust names by `raw_module = "taskgauge-…"`. */
const bundleGlue = (source, folder) =>
  bundle({
    stdin: { contents: source, resolveDir: folder, sourcefile: "taskgauge.js", loader: "js" },
    format: "esm",
    target: BROWSERS,
    platform: "browser",
    alias: { "taskgauge-bridge": join(HERE, "js/bridge.js"), "taskgauge-post": join(HERE, "js/post.js") },
  });

/** A script of pages that the server renders whole: the plain ones that are alive, or screens on the wall. */
const bundlePage = (name) =>
  bundle({ entryPoints: [join(HERE, `js/${name}.js`)], format: "esm", target: BROWSERS, platform: "browser" });

/** Names `contents` by what it is, so that it can be cached for ever. */
function hashed(stem, extension, contents) {
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 16);
  return `${stem}.${hash}${extension}`;
}

async function files(folder) {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

/** Writes `file.br` and `file.gz` beside a file, where they are smaller, and answers with the sizes. */
async function compress(file) {
  const contents = await readFile(file);
  const sizes = { raw: contents.length };
  if (!COMPRESSIBLE.has(extname(file)) || contents.length < WORTH_COMPRESSING) return sizes;
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(contents, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_LGWIN]: 24,
        [constants.BROTLI_PARAM_SIZE_HINT]: contents.length,
      },
    }),
    promisify(gzip)(contents, { level: 9 }),
  ]);
  for (const [extension, bytes] of [["br", br], ["gz", gz]]) {
    if (bytes.length >= contents.length) continue;
    sizes[extension] = bytes.length;
    await writeFile(`${file}.${extension}`, bytes);
  }
  return sizes;
}

async function buildSite(glue, out) {
  const fresh = `${out}.new`;
  const pkg = join(fresh, "pkg");
  await rm(fresh, { recursive: true, force: true });
  await mkdir(pkg, { recursive: true });

  const publicFolder = join(ROOT, "public");
  if (existsSync(publicFolder)) await cp(publicFolder, fresh, { recursive: true });

  const wasm = await readFile(join(glue, "taskgauge_bg.wasm"));
  const wasmName = hashed("taskgauge", ".wasm", wasm);
  const glueSource = await readFile(join(glue, "taskgauge.js"), "utf8");
  if (!glueSource.includes("taskgauge_bg.wasm")) {
    throw new Error("the glue of wasm-bindgen does not name taskgauge_bg.wasm, so its name cannot be replaced");
  }
  const [js, charts, plain, wall, css] = await Promise.all([
    bundleGlue(glueSource.replaceAll("taskgauge_bg.wasm", wasmName), glue),
    bundleCharts(),
    bundlePage("plain"),
    bundlePage("wall"),
    bundleStyle(),
  ]);

  const manifest = {};
  for (const [key, stem, extension, contents] of [
    ["js", "taskgauge", ".js", js],
    ["wasm", "taskgauge", ".wasm", wasm],
    ["css", "taskgauge", ".css", css],
    ["charts", "charts", ".js", charts],
    ["plain", "plain", ".js", plain],
    ["wall", "wall", ".js", wall],
  ]) {
    const name = hashed(stem, extension, contents);
    await writeFile(join(pkg, name), contents);
    manifest[key] = `/pkg/${name}`;
  }

  const sizes = await Promise.all(
    (await files(fresh)).map(async (file) => [`/${relative(fresh, file)}`, await compress(file)]),
  );
  await writeFile(join(fresh, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  await rm(out, { recursive: true, force: true });
  await rename(fresh, out);

  const kilobytes = (bytes) => (bytes === undefined ? "-" : `${(bytes / 1000).toFixed(1)} kB`).padStart(10);
  for (const [name, size] of sizes.sort()) {
    if (!name.startsWith("/pkg/")) continue;
    console.log(`    ${name.padEnd(40)} ${kilobytes(size.raw)} ${kilobytes(size.br)} br ${kilobytes(size.gz)} gz`);
  }
}

const { values } = parseArgs({
  options: { glue: { type: "string" }, out: { type: "string" }, charts: { type: "string" } },
});
if (values.charts) {
  await mkdir(dirname(resolve(values.charts)), { recursive: true });
  await writeFile(values.charts, await bundleCharts());
} else if (values.glue && values.out) {
  await buildSite(resolve(values.glue), resolve(values.out));
} else {
  console.error("usage: node build.mjs --glue DIR --out DIR | --charts FILE");
  process.exit(2);
}
