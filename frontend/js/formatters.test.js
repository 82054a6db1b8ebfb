import assert from "node:assert/strict";
import { test } from "node:test";

import { FORMATTERS, resolveFormatters } from "./formatters.js";

/** What a formatter writes, with the spaces that do not break shown as plain ones. */
const write = (name, given, argument) => FORMATTERS[name](given, argument).replaceAll("\u00a0", " ").replaceAll("\u2212", "-");

const cases = {
  compact: [
    [0, "0"],
    [7.25, "7.25"],
    [87.456, "87.5"],
    [412, "412"],
    [999.4, "999"],
    [999.6, "1 k"],
    [12408, "12.4 k"],
    [999_600, "1 M"],
    [3_000_000, "3 M"],
    [-1530, "-1.53 k"],
    [null, "–"],
    ["", "–"],
    [{ value: ["2026-11-03", 4] }, "4"],
  ],
  number: [
    [1234567.891, "1,234,567.89"],
    [-0.001, "0"],
    [12, "12"],
  ],
  percent: [
    [87.5, "87.5 %"],
    [99.96, "99.9 %"],
    [100, "100 %"],
  ],
  ratio: [[0.875, "87.5 %"]],
  duration: [
    [0, "0 m"],
    [0.75, "45 m"],
    [2.25, "2 h 15 m"],
    [2, "2 h"],
    [23.999, "1 d"],
    [76, "3 d 4 h"],
    [-1.5, "-1 h 30 m"],
  ],
  hours: [[1037.52, "1,037.5 h"]],
  day: [
    ["2026-11-02", "Mon 2"],
    ["2026-11-03T23:30:00", "Tue 3"],
    [Date.UTC(2026, 10, 3), "Tue 3"],
    [{ name: "2026-11-03", value: 7 }, "Tue 3"],
    ["Service Desk", "Service Desk"],
  ],
  date: [["2026-11-03", "3 Nov"]],
  month: [["2026-11", "Nov"]],
  monthYear: [["2026-11-01", "Nov 2026"]],
  fullDate: [["2026-11-03", "Tue 3 Nov 2026"]],
  hour: [
    [14, "14:00"],
    ["7", "07:00"],
    ["2026-11-03T09:30", "09:30"],
  ],
};

for (const [name, pairs] of Object.entries(cases)) {
  test(`${name} writes values as people read them`, () => {
    for (const [given, expected] of pairs) assert.equal(write(name, given), expected);
  });
}

test("money carries its currency", () => {
  assert.equal(write("money", 12408, "EUR"), "€12.4 k");
  assert.equal(write("money", -950, "USD"), "-$950");
  assert.equal(write("money", 5, "SEK"), "SEK 5");
});

test("what people call things is no formatter, whatever it looks like", () => {
  const option = resolveFormatters({ yAxis: { data: ["fn:number", "fn:x"] }, series: [{ name: "fn:nothing" }] });
  assert.deepEqual(option, { yAxis: { data: ["fn:number", "fn:x"] }, series: [{ name: "fn:nothing" }] });
});

test("names of formatters are resolved wherever they stand, and only they", () => {
  const option = resolveFormatters({
    title: { text: "fn is a word" },
    yAxis: [{ axisLabel: { formatter: "fn:number:1" } }],
    series: [{ label: { formatter: "fn:share" }, name: "fn" }],
  });
  assert.equal(option.title.text, "fn is a word");
  assert.equal(option.yAxis[0].axisLabel.formatter(1234.56), "1,234.6");
  assert.equal(option.series[0].label.formatter({ percent: 23.4 }), "23\u00a0%");
});

test("an unknown formatter is an error rather than a label", () => {
  assert.throws(() => resolveFormatters({ formatter: "fn:toString" }), /no chart formatter named toString/);
});
