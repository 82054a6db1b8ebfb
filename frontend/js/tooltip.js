// The tooltip: all series at that point, names left, values right. It is made of elements rather than of HTML text,
// because ECharts' own carries inline styles, which the page's content security policy refuses, and because names of
// tickets and companies are then text whatever they hold.

import { FORMATTERS } from "./formatters.js";

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** The number a mark stands for: the last dimension that its series encodes as value. */
function valueOf(params) {
  const { value, encode } = params;
  if (!Array.isArray(value)) return value;
  const dimension = encode?.y?.at(-1) ?? encode?.value?.at(-1);
  return params.seriesType === "heatmap" || dimension === undefined ? value.at(-1) : value[dimension];
}

const ISO_DATE = /^\d{4}-\d\d-\d\d$/;

/** A date in full, anything else as it is. */
const heading = (text) => (ISO_DATE.test(text) ? FORMATTERS.fullDate(text) : String(text));

/** What the axis writes at a place: row and column of a heat map's cell. */
function category(axes, place) {
  const [axis] = [axes ?? {}].flat();
  const item = axis.data?.[place];
  const text = item?.value ?? item ?? "";
  return typeof axis.axisLabel?.formatter === "function" ? axis.axisLabel.formatter(text, place) : String(text);
}

/** What the numbers are about: the place on the axis, the cell, or the series. */
function titleOf(mark, option) {
  if (mark.axisValue !== undefined) return heading(mark.axisValue);
  if (mark.seriesType === "heatmap") return `${category(option.yAxis, mark.value[1])}, ${category(option.xAxis, mark.value[0])}`;
  return NAMELESS.test(mark.seriesName ?? "") ? "" : String(mark.seriesName ?? "");
}

/** The name ECharts gives a series that has none. */
const NAMELESS = /^series\0/;

/**
 * A formatter for the tooltip whose settings are `settings`; `option` is the chart's. Numbers are written by the
 * `valueFormatter` of the series' tooltip or of the chart's, or else exactly.
 */
export function tooltip(settings, option) {
  const series = [option.series ?? []].flat();
  return (given) => {
    const marks = [given].flat();
    if (marks.length === 0) return "";
    const box = element("div", "chart-tooltip-box");
    const title = titleOf(marks[0], option);
    if (title) box.append(element("div", "chart-tooltip-title", title));
    const list = element("div", "chart-tooltip-list");
    for (const mark of marks) {
      const write = series[mark.seriesIndex]?.tooltip?.valueFormatter ?? settings.valueFormatter ?? FORMATTERS.number;
      const row = element("div", "chart-tooltip-row");
      const swatch = element("span", "chart-tooltip-swatch");
      if (typeof mark.color === "string") swatch.style.background = mark.color;
      const own = mark.axisValue !== undefined || mark.seriesType === "heatmap" ? mark.seriesName : mark.name;
      const name = element("span", "chart-tooltip-name", NAMELESS.test(own ?? "") ? "" : own);
      row.append(swatch, name, element("span", "chart-tooltip-value", write(valueOf(mark))));
      list.append(row);
    }
    box.append(list);
    return box;
  };
}
