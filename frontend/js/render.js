// A chart as a picture, without a document: for the first HTML, for reports and for mail.

import { echarts } from "./echarts.js";
import { readOption } from "./option.js";
import { THEME_NAME } from "./theme.js";

/** The family ECharts writes when nobody names one; taken out again, so that the picture has the font of its page. */
const NO_FAMILY = "taskgauge-inherit";

/**
 * Draws an ECharts option (JSON) as SVG of `width` by `height` CSS pixels. The same input gives the same text.
 * `settings.fontFamily` fixes the font; without it the picture inherits the font of the page.
 */
export function render(optionJson, width, height, settings = {}) {
  const option = readOption(optionJson, width);
  option.animation = false;
  const textStyle = { ...option.textStyle };
  textStyle.fontFamily ??= settings.fontFamily ?? NO_FAMILY;
  option.textStyle = textStyle;
  const chart = echarts.init(null, THEME_NAME, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption(option);
    const svg = stillPicture(chart.renderToSVGString({ useViewBox: true }));
    return withoutInlineStyle(withStableIds(svg, fingerprint(`${width}x${height}${optionJson}`)));
  } finally {
    chart.dispose();
  }
}

/** FNV-1a over UTF-16 units: short, and the same everywhere. */
function fingerprint(text) {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(36);
}

/**
 * Takes out what is for hovering: an inline style sheet, which the page's content security policy refuses, the classes
 * it is for, and notes for a script of ECharts that we do not use.
 */
function stillPicture(svg) {
  return svg
    .replace(/<style ?>[^]*?<\/style>\n?/g, "")
    .replace(/ class="zr[^"]*"/g, "")
    .replace(/ ecmeta_\w+="[^"]*"/g, "");
}

/** ECharts counts its pictures in their ids, so two on one page could refer to each other's parts. */
function withStableIds(svg, print) {
  return svg.replace(/ id="zr\d+-/g, ` id="c${print}-`).replace(/url\(#zr\d+-/g, `url(#c${print}-`);
}

/** Turns `style="…"` into presentation attributes, which a content security policy without inline styles allows. */
function withoutInlineStyle(svg) {
  return svg.replace(/ style="([^"]*)"/g, (_, style) =>
    style
      .split(";")
      .map((declaration) => declaration.split(/:(.*)/s, 2).map((part) => part.trim()))
      .filter(([property, value]) => value && ATTRIBUTES.has(property) && value !== NO_FAMILY)
      .map(([property, value]) => ` ${property}="${value}"`)
      .join(""),
  );
}

const ATTRIBUTES = new Set(["font-size", "font-family", "font-style", "font-weight", "pointer-events", "fill", "stroke"]);
