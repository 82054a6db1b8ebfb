// The bundle as the server evaluates it: one script in a bare context without document, timers or `Intl` to lean on.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createContext, runInContext } from "node:vm";

import { readOption } from "./option.js";

let folder;
let charts;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "taskgauge-charts-"));
  const file = join(folder, "charts.js");
  const built = spawnSync(process.execPath, [join(import.meta.dirname, "../build.mjs"), "--charts", file], { encoding: "utf8" });
  assert.equal(built.status, 0, built.stderr);
  const context = createContext({ setTimeout: () => 0, clearTimeout: () => {} });
  runInContext("delete globalThis.Intl", context);
  runInContext(readFileSync(file, "utf8"), context);
  charts = runInContext("taskgaugeCharts", context);
});

after(() => rmSync(folder, { recursive: true }));

const DAYS = ["2026-11-02", "2026-11-03", "2026-11-04"];

const BAR_AND_LINE = {
  legend: {},
  tooltip: { trigger: "axis", valueFormatter: "fn:number" },
  grid: { top: 36 },
  xAxis: { type: "category", data: DAYS, axisLabel: { formatter: "fn:day" } },
  yAxis: { type: "value", axisLabel: { formatter: "fn:compact" } },
  series: [
    { type: "bar", name: "Opened", data: [1200, 800, 15400], label: { show: true, position: "top", formatter: "fn:compact" } },
    {
      type: "line",
      name: "Closed",
      data: [1000, 900, 9000],
      markLine: { symbol: "none", data: [{ yAxis: 5000, label: { formatter: "goal" } }] },
      markArea: { data: [[{ xAxis: DAYS[0] }, { xAxis: DAYS[1] }]] },
    },
  ],
};

const OPTIONS = {
  "bar and line": BAR_AND_LINE,
  donut: {
    series: [
      {
        type: "pie",
        radius: ["55%", "80%"],
        label: { formatter: "fn:share" },
        data: [{ name: "Met", value: 30 }, { name: "Missed", value: 70, itemStyle: { color: "var(--bad)" } }],
      },
    ],
  },
  "heat map": {
    xAxis: { type: "category", data: ["8", "9"], axisLabel: { formatter: "fn:hour" } },
    yAxis: { type: "category", data: ["Mon", "Tue"] },
    visualMap: { type: "piecewise", show: false, pieces: [{ lte: 5, color: "var(--heat-1)" }, { gt: 5, color: "var(--heat-6)" }] },
    series: [{ type: "heatmap", label: { show: true }, data: [[0, 0, 3], [1, 0, 7], [1, 1, 9]] }],
  },
  dial: {
    series: [{ type: "gauge", progress: { show: true }, detail: { formatter: "fn:percent" }, data: [{ value: 87.5, name: "SLA met" }] }],
  },
  funnel: { series: [{ type: "funnel", data: [{ name: "Lead", value: 9 }, { name: "Won", value: 3 }] }] },
};

const render = (option, width = 600, height = 300) => charts.render(JSON.stringify(option), width, height);

const texts = (svg) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1].replaceAll("\u00a0", " "));

const EXPECTED = {
  "bar and line": { texts: ["Mon 2", "Tue 3", "15.4 k", "Opened", "Closed", "goal"], colours: ["--series-1", "--series-2", "--chart-text-muted", "--chart-grid"] },
  donut: { texts: ["30 %", "70 %"], colours: ["--series-1", "--bad"] },
  "heat map": { texts: ["08:00", "Mon", "3", "7", "9"], colours: ["--heat-1", "--heat-6"] },
  dial: { texts: ["SLA met", "87.5 %"], colours: ["--series-1"] },
  funnel: { texts: ["Lead", "Won"], colours: ["--series-1", "--series-2"] },
};

for (const [name, option] of Object.entries(OPTIONS)) {
  test(`a ${name} is drawn with its words and the colours of the page`, () => {
    const svg = render(option);
    assert.match(svg, /^<svg [^>]*viewBox="0 0 600 300"/);
    for (const text of EXPECTED[name].texts) assert.ok(texts(svg).includes(text), `${text} in ${texts(svg)}`);
    for (const colour of EXPECTED[name].colours) assert.ok(svg.includes(`"var(${colour})"`), colour);
  });

  test(`a ${name} passes a content security policy without inline styles`, () => {
    assert.doesNotMatch(render(option), /<style|<script|\sstyle=|\son\w+=|NaN|undefined/);
  });

  test(`a ${name} is the same each time`, () => {
    assert.equal(render(option), render(option));
  });
}

test("numbers in a heat map stand out from their cell, few or many", () => {
  const fills = Object.fromEntries(
    [...render(OPTIONS["heat map"]).matchAll(/<text[^>]* fill="([^"]*)"[^>]*>(\d)<\/text>/g)].map(([, fill, text]) => [text, fill]),
  );
  assert.deepEqual(fills, { 3: "var(--heat-text-few)", 7: "var(--heat-text-many)", 9: "var(--heat-text-many)" });
});

test("the cells of a heat map are found in the array that charming puts around them", () => {
  const heat = OPTIONS["heat map"];
  const [series] = heat.series;
  assert.deepEqual(texts(render({ ...heat, series: [{ ...series, data: [series.data] }] })), texts(render(heat)));
});

test("two different pictures on one page share no ids", () => {
  const ids = (svg) => new Set([...svg.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]));
  const first = ids(render(BAR_AND_LINE));
  const second = ids(render({ ...BAR_AND_LINE, legend: { show: false } }));
  assert.ok(first.size > 0 && second.size > 0);
  assert.ok(first.isDisjointFrom ? first.isDisjointFrom(second) : ![...first].some((id) => second.has(id)));
});

test("what people typed is text, never markup", () => {
  const svg = render({ series: [{ type: "funnel", data: [{ name: '</text><script>alert("1")</script>', value: 1 }] }] });
  assert.doesNotMatch(svg, /<script/);
  assert.match(svg, /&lt;script&gt;/);
});

test("long names in a legend leave each other room", () => {
  const names = ["Managed Services Agreement", "Professional Services", "Warranty and Repairs"];
  const svg = render({ legend: {}, xAxis: { data: ["a"] }, yAxis: {}, series: names.map((name) => ({ type: "bar", name, data: [1] })) });
  const starts = names.map((name) => Number(new RegExp(`translate\\(([\\d.]+)[^>]*>${name}<`).exec(svg)[1]));
  // 12 px Arial is about 5.9 px a letter.
  assert.ok(starts[1] - starts[0] > names[0].length * 5.9, String(starts));
  assert.ok(starts[2] - starts[1] > names[1].length * 5.9, String(starts));
});

test("the font is the page's unless one is asked for", () => {
  assert.doesNotMatch(render(BAR_AND_LINE), /font-family/);
  assert.match(charts.render(JSON.stringify(BAR_AND_LINE), 600, 300, { fontFamily: "Inter" }), /font-family="Inter"/);
});

test("durations are marked in whole hours and days", () => {
  const svg = charts.render(
    JSON.stringify({
      xAxis: { type: "category", data: ["a", "b", "c"] },
      yAxis: { type: "value", axisLabel: { formatter: "fn:duration" } },
      series: [{ type: "line", name: "Resolution", data: [30, 125, { value: 61 }] }],
    }),
    600,
    300,
  );
  for (const mark of ["2\u00a0d", "4\u00a0d", "6\u00a0d"]) assert.ok(svg.includes(`>${mark}<`), `${mark}: ${svg}`);
  assert.ok(!/>\d+\u00a0d\u00a0\d+\u00a0h</.test(svg), svg);
});

test("names beside bars leave the bars their room", () => {
  const names = ["Lighthouse Community Trust", "Short"];
  const chart = (width) =>
    charts.render(
      JSON.stringify({
        grid: { left: 4, right: 52, top: 4, bottom: 4 },
        yAxis: { type: "category", data: names, inverse: true },
        xAxis: { type: "value", axisLabel: { show: false } },
        series: [{ type: "bar", name: "Open", data: [4, 2] }],
      }),
      width,
      120,
    );
  assert.match(chart(600), />Lighthouse Community Trust</);
  const narrow = chart(200);
  assert.match(narrow, />Lighthouse[^<]*…</);
  assert.match(narrow, />Short</);
  const xs = [...narrow.matchAll(/[ML](-?[\d.]+) -?[\d.]+/g)].map(([, x]) => Number(x));
  assert.ok(Math.max(...xs) <= 150, `nothing is pushed out of the picture: ${Math.max(...xs)}`);
});

test("names below a few columns take lines rather than being left out", () => {
  const names = ["Current", "1 to 30 days", "31 to 90 days", "Over 90 days"];
  const chart = (width) =>
    texts(
      charts.render(
        JSON.stringify({
          xAxis: { type: "category", data: names },
          yAxis: { type: "value", axisLabel: { formatter: "fn:compact" } },
          series: [{ type: "bar", name: "Unpaid", data: [15500, 1120, 1100, 34600] }],
        }),
        width,
        200,
      ),
    )
      .join(" ")
      .replaceAll(/\s+/g, " ");
  for (const name of names) assert.ok(chart(600).includes(name), name);
  for (const name of names) assert.ok(chart(260).includes(name), `${name}: ${chart(260)}`);
});

test("names beside a ring are cut before they reach the edge, and their shares are not", () => {
  const chart = (width) =>
    texts(
      charts.render(
        JSON.stringify({
          legend: [{ orient: "vertical", left: "54%", top: "middle" }],
          series: [{ type: "pie", data: [{ name: "Monitoring Alert  16 %", value: 16 }, { name: "Phone  84 %", value: 84 }] }],
        }),
        width,
        200,
      ),
    );
  assert.ok(chart(600).includes("Monitoring Alert  16 %"), String(chart(600)));
  assert.ok(chart(254).some((text) => /^Monit\S*…  16 %$/.test(text)), String(chart(254)));
  assert.ok(chart(254).includes("Phone  84 %"));
});

test("a ring in a narrow picture is whole", () => {
  const svg = charts.render(
    JSON.stringify({
      legend: [{ orient: "vertical", left: "54%", top: "middle" }],
      series: [{ type: "pie", radius: ["52%", "84%"], label: { show: false }, data: [{ name: "All", value: 1 }] }],
    }),
    240,
    300,
  );
  const ring = [...svg.matchAll(/<path d="([^"]+)" fill="var\(--series/g)].flatMap(([, path]) => [...path.matchAll(/(-?[\d.]+) -?[\d.]+/g)]);
  const xs = ring.map(([, x]) => Number(x));
  assert.ok(xs.length > 2 && Math.min(...xs) >= 0 && Math.max(...xs) <= 0.54 * 240, String(xs));
});

test("a legend of several lines leaves the chart its room", () => {
  const chart = (names) =>
    charts.render(
      JSON.stringify({
        legend: { left: 0, top: 0 },
        grid: { left: 4, right: 12, top: 32, bottom: 4 },
        xAxis: { type: "category", data: ["a"] },
        yAxis: { type: "value" },
        series: names.map((name) => ({ type: "line", name, data: [1] })),
      }),
      300,
      300,
    );
  const lowest = (svg) => Math.min(...[...svg.matchAll(/M\S+ (\d+(?:\.\d+)?)L/g)].map(([, y]) => Number(y)).filter((y) => y > 20));
  const names = ["First response, median", "First response, 90 %", "Resolution, median"];
  assert.ok(lowest(chart(names)) > lowest(chart(["A", "B", "C"])) + 20);
});

test("a legend takes as many lines as its names need in the font of the page", () => {
  const json = JSON.stringify({
    legend: [{}],
    grid: [{ top: 32 }],
    series: ["First response", "Resolution"].map((name) => ({ type: "line", name })),
  });
  const top = (letter, width) => readOption(json, width, (text) => ({ width: text.length * letter })).grid[0].top;
  // Two marks, the gap between them, the padding: what stands beside 24 letters.
  const beside = 2 * 15 + 8 + 2 * 5;
  assert.equal(top(7, 24 * 7 + beside), 32);
  assert.equal(top(7, 24 * 7 + beside - 1), 32 + 22);
  assert.equal(top(6, 24 * 7 + beside - 1), 32);
});

test("of many names the last is shown, whole", () => {
  const names = Array.from({ length: 90 }, (_, day) => `Day ${day + 1}`);
  const svg = render({
    grid: { left: 4, right: 12, top: 12, bottom: 4 },
    xAxis: { type: "category", boundaryGap: false, data: names },
    yAxis: { type: "value" },
    series: [{ type: "line", name: "Open", data: names.map((_, day) => day) }],
  });
  const shown = texts(svg).filter((text) => text.startsWith("Day "));
  assert.equal(shown.at(-1), "Day 90");
  assert.match(svg, /<text[^>]*text-anchor="end"[^>]*>Day 90</);
  assert.ok(!shown.includes("Day 89") && shown.length > 4, String(shown));
});

test("the last name of a line's axis is not cut off", () => {
  const option = (boundaryGap) => ({
    grid: { left: 4, right: 12, top: 12, bottom: 4 },
    xAxis: { type: "category", boundaryGap, data: ["Mon 2", "Tue 3", "Wednesday 24"] },
    yAxis: { type: "value" },
    series: [{ type: "line", name: "Open", data: [1, 2, 3] }],
  });
  const last = (svg) => /<text[^>]*text-anchor="(\w+)"[^>]*>Wednesday 24</.exec(svg)?.[1];
  assert.equal(last(charts.render(JSON.stringify(option(false)), 300, 200)), "end");
  assert.equal(last(charts.render(JSON.stringify(option(true)), 300, 200)), "middle");
});
