// Live charts in the browser.

import { behind, read } from "./behind.js";
import { echarts } from "./echarts.js";
import { measureByDocument } from "./measure.js";
import { readOption } from "./option.js";
import { THEME_NAME } from "./theme.js";
import { tooltip } from "./tooltip.js";

const MOTION_MS = 160;

/** host element -> { chart, layer, observer, optionJson, pictures, shown } */
const charts = new Map();

const prefersStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * Draws the option (JSON) in a layer over what `host` holds, the picture drawn by the server, which is hidden only once
 * the live chart is complete. Called again for the same host, it changes the chart and replaces all its series.
 * A mark that is clicked leads to its rows, by the link in the chart's table ({@link behind}).
 * Answers with a promise that is kept when the first complete drawing is shown.
 */
export function draw(host, optionJson) {
  const option = prepare(host, optionJson);
  const known = charts.get(host);
  if (known) {
    known.optionJson = optionJson;
    option.animation = option.animation !== false && !prefersStillness();
    known.chart.setOption(option, { notMerge: true });
    return known.shown;
  }
  return start(host, option, optionJson);
}

function start(host, option, optionJson) {
  const layer = document.createElement("div");
  layer.className = "chart-live";
  Object.assign(layer.style, { position: "absolute", inset: "0", visibility: "hidden" });
  if (getComputedStyle(host).position === "static") host.style.position = "relative";
  const pictures = [...host.children];
  host.append(layer);

  const chart = echarts.init(layer, THEME_NAME, { renderer: "svg" });
  let frame = 0;
  let width = host.clientWidth;
  const observer = new ResizeObserver(() => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      if (chart.isDisposed() || layer.clientWidth === 0) return;
      chart.resize();
      frameOf(chart, layer);
      if (host.clientWidth === width) return;
      width = host.clientWidth;
      // Another width is other room for names and legends.
      chart.setOption({ ...prepare(host, entry.optionJson), animation: false }, { notMerge: true });
    });
  });
  const entry = { chart, layer, observer, optionJson, pictures };
  entry.shown = new Promise((resolve) => {
    const show = () => {
      chart.off("finished", show);
      for (const picture of pictures) picture.style.visibility = "hidden";
      layer.style.visibility = "";
      resolve();
    };
    chart.on("finished", show);
  });
  chart.on("click", (mark) => {
    const table = host.parentElement?.querySelector(".tile-data table");
    const way = table && behind(read(table), mark);
    if (way) location.assign(way);
  });
  charts.set(host, entry);
  // The picture already shows the end state: a chart that grew over it would be a step back.
  chart.setOption({ ...option, animation: false }, { notMerge: true });
  frameOf(chart, layer);
  observer.observe(layer);
  return entry.shown;
}

/** Lets the chart be scaled where no script can draw it anew, which is on paper. */
function frameOf(chart, layer) {
  layer.querySelector("svg")?.setAttribute("viewBox", `0 0 ${chart.getWidth()} ${chart.getHeight()}`);
}

/** Takes the live chart away and shows the server's picture again; does nothing where there is none. */
export function dispose(host) {
  const entry = charts.get(host);
  if (!entry) return;
  charts.delete(host);
  entry.observer.disconnect();
  entry.chart.dispose();
  entry.layer.remove();
  for (const picture of entry.pictures) picture.style.visibility = "";
}

function prepare(host, optionJson) {
  // The same words in the same font as in the picture, which takes it from the page.
  const { fontFamily } = getComputedStyle(host);
  const option = readOption(optionJson, host.clientWidth, measureByDocument, fontFamily);
  option.textStyle = { fontFamily, ...option.textStyle };
  option.animationDuration ??= MOTION_MS;
  option.animationDurationUpdate ??= MOTION_MS;
  for (const entry of [option.tooltip ?? []].flat()) {
    entry.formatter ??= tooltip(entry, option);
  }
  return option;
}
