// The one chart bundle: pictures on the server, in QuickJS, and live charts in the browser.
//
// It leaves `globalThis.taskgaugeCharts` with
//   render(optionJson, width, height, {fontFamily?}) -> SVG as text; needs no document
//   draw(host, optionJson)                           -> draws or redraws a live chart over the picture inside `host`
//   dispose(host)                                    -> takes the live chart away and shows the picture again
//   FORMATTERS, echarts

import { dispose, draw } from "./draw.js";
import { echarts } from "./echarts.js";
import { FORMATTERS } from "./formatters.js";
import { measureByDocument, measureByTable } from "./measure.js";
import { render } from "./render.js";
import { THEME, THEME_NAME } from "./theme.js";

echarts.registerTheme(THEME_NAME, THEME);
echarts.setPlatformAPI({ measureText: typeof document === "undefined" ? measureByTable : measureByDocument });

globalThis.taskgaugeCharts = Object.freeze({ render, draw, dispose, FORMATTERS, echarts });
