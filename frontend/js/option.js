// From the JSON of a chart to what ECharts takes.

import { resolveFormatters } from "./formatters.js";

/** Reads an option, puts functions where it names formatters, and settles what depends on the data. */
export function readOption(json) {
  const option = resolveFormatters(JSON.parse(json));
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
