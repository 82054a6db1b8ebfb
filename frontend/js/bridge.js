// The way from wasm to charts. The chart bundle is larger than the rest of the page, so it is fetched when the first
// chart is drawn, and only then. Its address stands in the page:
//   <meta name="taskgauge-echarts" content="/pkg/charts.HASH.js" nonce="…">

let loading;

/** Loads the chart bundle once; a failure is not remembered, so that the next call tries again. */
function load() {
  if (globalThis.taskgaugeCharts) return Promise.resolve(globalThis.taskgaugeCharts);
  loading ??= new Promise((resolve, reject) => {
    const meta = document.querySelector('meta[name="taskgauge-echarts"]');
    const script = document.createElement("script");
    script.src = meta?.content ?? "";
    script.async = true;
    script.nonce = meta?.nonce || document.querySelector("script[nonce]")?.nonce || "";
    script.onload = () => resolve(globalThis.taskgaugeCharts);
    script.onerror = () => {
      script.remove();
      loading = undefined;
      reject(new Error("the chart script could not be loaded"));
    };
    if (!meta) return script.onerror();
    document.head.append(script);
  });
  return loading;
}

/** Hosts that were disposed of, or drawn anew, while the bundle was on its way. */
const latest = new WeakMap();

/**
 * Draws an ECharts option (JSON) in `host`, over the picture that the server drew there; again for the same host to
 * change it. Kept when the chart is shown.
 */
export async function draw(host, optionJson) {
  const turn = {};
  latest.set(host, turn);
  const charts = await load();
  if (latest.get(host) !== turn || !host.isConnected) return;
  await charts.draw(host, optionJson);
}

/** Takes the live chart away from `host` and frees what it held. */
export function dispose(host) {
  latest.delete(host);
  globalThis.taskgaugeCharts?.dispose(host);
}
