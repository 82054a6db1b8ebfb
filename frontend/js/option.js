// From the JSON of a chart to what ECharts takes.

import { resolveFormatters } from "./formatters.js";
import { measureByTable } from "./measure.js";

/**
 * Reads an option for a chart `width` CSS pixels wide: puts functions where it names formatters, and settles what
 * depends on the data and the room there is. `measure(text, font)` tells the width of a line of text, in a font of
 * `family`.
 */
export function readOption(json, width, measure = measureByTable, family = "sans-serif") {
  const raw = JSON.parse(json);
  const all = [raw.series ?? []].flat();
  axes(raw.yAxis).forEach((axis, at) => inWholeTimes(axis, all.filter(({ yAxisIndex = 0 }) => yAxisIndex === at)));
  for (const axis of axes(raw.xAxis)) inWholeTimes(axis, all);
  const option = resolveFormatters(raw);
  for (const axis of axes(option.xAxis)) withinTheEdges(axis);
  const widthOf = (name) => measure(name, `12px ${family}`).width;
  for (const axis of axes(option.xAxis)) withinTheirBand(axis, width, widthOf);
  for (const axis of axes(option.yAxis)) withinTheirShare(axis, width, widthOf);
  makeRoomForLegend(option, width, widthOf);
  const rings = [option.series ?? []].flat().filter(({ type }) => type === "pie");
  if (rings.length > 0) for (const legend of axes(option.legend)) besideTheRing(rings, legend, width, widthOf);
  const pieces = [option.visualMap ?? []].flat().flatMap((map) => map.pieces ?? []);
  for (const series of [option.series ?? []].flat()) {
    if (series.type !== "heatmap" || !Array.isArray(series.data)) continue;
    // charming puts all cells into one more array, in which ECharts would find none.
    const cells = Array.isArray(series.data[0]?.[0]) ? series.data.flat() : series.data;
    series.data = cells.map((cell) => withReadableLabel(cell, pieces));
  }
  return option;
}

/** Steps of the heat scale from here on are strong enough to need the other colour of text. */
const FIRST_STRONG_STEP = 4;

/** ECharts cannot tell how light the cell of a CSS variable is, so the colour of its number follows from its name. */
function withReadableLabel(cell, pieces) {
  const item = Array.isArray(cell) ? { value: cell } : { ...cell };
  const number = item.value?.[2];
  const piece = pieces.find(
    ({ gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity }) =>
      number > gt && number >= gte && number < lt && number <= lte,
  );
  const step = /^var\(--heat-(\d)\)$/.exec(item.itemStyle?.color ?? piece?.color ?? "")?.[1];
  if (step === undefined) return cell;
  const color = Number(step) < FIRST_STRONG_STEP ? "var(--heat-text-few)" : "var(--heat-text-many)";
  return { ...item, label: { color, ...item.label } };
}

const axes = (...given) => given.flat().filter((axis) => axis !== undefined);

/** Hours between two marks of an axis of durations, from a quarter of an hour to a month. */
const TIME_STEPS = [0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 72, 120, 168, 240, 336, 480, 720];
const MARKS_MAX = 5;

/** Marks durations at whole hours or days: ECharts would count in tens, as in 1 d 6 h. */
function inWholeTimes(axis, series) {
  if (axis.type !== "value" || axis.axisLabel?.formatter !== "fn:duration" || axis.interval !== undefined) return;
  const values = series.flatMap(({ data }) => data ?? []);
  const numbers = values.map((value) => Number(value?.value ?? value)).filter(Number.isFinite);
  const most = Math.max(0, ...numbers);
  const step = TIME_STEPS.find((step) => most / step <= MARKS_MAX);
  if (most === 0 || step === undefined) return;
  axis.interval = step;
  axis.max = Math.ceil(most / step) * step;
}

/**
 * The first and the last name of an axis that begins and ends with a point would stick out. The last is always shown,
 * as otherwise one close to the edge might be, which is not moved inwards.
 */
function withinTheEdges(axis) {
  if (axis.boundaryGap !== false) return;
  axis.axisLabel = { alignMinLabel: "left", alignMaxLabel: "right", showMaxLabel: true, ...axis.axisLabel };
}

/** Part of a chart's width that names beside it may take: more, and the bars would be pushed out of the picture. */
const NAMES_SHARE = 0.42;

/** Cuts names beside a chart that is too narrow for them. */
function withinTheirShare(axis, width, widthOf) {
  if (axis.type !== "category" || !width || !Array.isArray(axis.data)) return;
  const room = width * NAMES_SHARE;
  axis.data = axis.data.map((name) => (typeof name === "string" ? within(name, room, widthOf) : name));
}

/** A name that takes no more than `room`. */
function within(name, room, widthOf) {
  if (widthOf(name) <= room) return name;
  const letters = [...name.replace(/…$/, "")];
  while (letters.length > 1 && widthOf(`${letters.join("")}…`) > room) letters.pop();
  return `${letters.join("").trimEnd()}…`;
}

/** What the numbers beside columns take, about, and the narrowest band in which words are still read in lines. */
const NUMBERS_ROOM = 48;
const BAND_LEAST = 40;
const BAND_GAP = 4;

/** Names of a few columns that do not fit below them take several lines; some would be left out, and the last cut. */
function withinTheirBand(axis, width, widthOf) {
  if (axis.type !== "category" || axis.boundaryGap === false || axis.axisLabel?.formatter) return;
  if (!width || !Array.isArray(axis.data)) return;
  const band = (width - NUMBERS_ROOM) / axis.data.length;
  if (band < BAND_LEAST || axis.data.every((name) => widthOf(String(name)) <= band)) return;
  axis.axisLabel = { interval: 0, hideOverlap: false, width: band - BAND_GAP, overflow: "break", ...axis.axisLabel };
}

/** What stands around the name of a series in a legend: its mark, the space after it, the gap to the next. */
const LEGEND_MARK = 10 + 5;
const LEGEND_GAP = 8;
const LEGEND_PADDING = 5;
const LEGEND_LINE = 22;

/**
 * Keeps a ring to what the legend beside it leaves, and cuts names in the legend that do not fit; the share behind two
 * spaces stays whole.
 */
function besideTheRing(rings, legend, width, widthOf) {
  const from = /^([\d.]+)%$/.exec(legend.left ?? "")?.[1];
  if (legend.orient !== "vertical" || from === undefined || !width) return;
  const room = width * (1 - from / 100) - LEGEND_MARK - 2 * LEGEND_PADDING;
  for (const ring of rings) Object.assign(ring, { left: 0, width: legend.left });
  legend.formatter = (name) => {
    const [, words, share = ""] = /^(.*?)( {2}\S.*)?$/.exec(name);
    return within(words, room - widthOf(share), widthOf) + share;
  };
}

/** A legend that needs several lines pushes the chart down. */
function makeRoomForLegend(option, width, widthOf) {
  // charming writes lists where there is one of each.
  const grids = [option.grid ?? []].flat().filter(({ top }) => typeof top === "number");
  if ([option.legend ?? []].flat().length === 0 || grids.length === 0 || !width) return;
  const room = width - 2 * LEGEND_PADDING;
  let lines = 1;
  let used = 0;
  for (const { name } of [option.series ?? []].flat()) {
    const wide = LEGEND_MARK + widthOf(name ?? "");
    if (used > 0 && used + wide > room) {
      lines += 1;
      used = 0;
    }
    used += wide + LEGEND_GAP;
  }
  for (const grid of grids) grid.top += (lines - 1) * LEGEND_LINE;
}
