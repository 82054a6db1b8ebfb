// What every chart looks like unless its option says otherwise. Colours are names of CSS variables, which the SVG
// renderer writes down as they are: the picture follows the theme of the page without being drawn again.

const TEXT = "var(--chart-text)";
const MUTED = "var(--chart-text-muted)";
const LINE = "var(--chart-grid)";
const SURFACE = "var(--chart-surface)";

/** ECharts lightens a colour when the pointer is over it, which it cannot do with the name of a variable. */
const SAME_COLOUR = {
  itemStyle: { color: "inherit", borderColor: "inherit" },
  lineStyle: { color: "inherit" },
  areaStyle: { color: "inherit" },
};

/** A label's colour, when left to ECharts, depends on how light the mark is, which it cannot know either. */
const LABEL = { color: TEXT, textBorderWidth: 0 };

const axis = {
  axisLine: { show: false, lineStyle: { color: LINE } },
  axisTick: { show: false, lineStyle: { color: LINE } },
  axisLabel: { color: MUTED, fontSize: 12, hideOverlap: true },
  splitLine: { show: false, lineStyle: { color: [LINE], width: 1 } },
  splitArea: { show: false, areaStyle: { color: ["transparent", "transparent"] } },
  nameTextStyle: { color: MUTED },
};

export const THEME_NAME = "taskgauge";

export const THEME = {
  color: [1, 2, 3, 4, 5, 6, 7, 8].map((index) => `var(--series-${index})`),
  backgroundColor: "transparent",
  darkMode: false,
  textStyle: { color: TEXT, fontSize: 12 },
  title: { textStyle: { color: TEXT }, subtextStyle: { color: MUTED } },
  legend: {
    top: 0,
    left: 0,
    textStyle: { color: MUTED, fontSize: 12 },
    inactiveColor: LINE,
    inactiveBorderColor: LINE,
    icon: "roundRect",
    itemWidth: 10,
    itemHeight: 10,
  },
  grid: { left: 8, right: 8, top: 16, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
  categoryAxis: { ...axis, axisLine: { show: true, lineStyle: { color: LINE } } },
  valueAxis: { ...axis, splitLine: { ...axis.splitLine, show: true } },
  timeAxis: { ...axis, axisLine: { show: true, lineStyle: { color: LINE } } },
  logAxis: { ...axis, splitLine: { ...axis.splitLine, show: true } },
  tooltip: {
    className: "chart-tooltip",
    confine: true,
    backgroundColor: SURFACE,
    borderColor: LINE,
    borderWidth: 1,
    padding: 0,
    extraCssText: "box-shadow: none;",
    textStyle: { color: TEXT, fontSize: 13 },
    transitionDuration: 0,
    axisPointer: {
      lineStyle: { color: LINE },
      crossStyle: { color: LINE },
      shadowStyle: { color: LINE, opacity: 0.3 },
      label: { color: TEXT, backgroundColor: SURFACE },
    },
  },
  visualMap: { textStyle: { color: MUTED } },
  markLine: {
    symbol: "none",
    label: { color: MUTED, position: "insideEndTop" },
    lineStyle: { color: MUTED },
    emphasis: { lineStyle: { color: "inherit" } },
  },
  markArea: { label: { color: MUTED }, itemStyle: { color: LINE }, emphasis: { itemStyle: { color: "inherit" } } },
  bar: { barMaxWidth: 40, label: LABEL, emphasis: SAME_COLOUR },
  line: { label: LABEL, endLabel: LABEL, emphasis: SAME_COLOUR, symbol: "circle" },
  pie: {
    label: LABEL,
    labelLine: { lineStyle: { color: LINE } },
    itemStyle: { borderColor: SURFACE, borderWidth: 2 },
    emphasis: { ...SAME_COLOUR, scaleSize: 3 },
  },
  gauge: {
    axisLine: { lineStyle: { color: [[1, LINE]] } },
    axisLabel: { color: MUTED },
    axisTick: { lineStyle: { color: LINE } },
    splitLine: { lineStyle: { color: LINE } },
    title: { color: MUTED },
    detail: { color: TEXT },
    emphasis: SAME_COLOUR,
  },
  heatmap: { label: LABEL, emphasis: SAME_COLOUR },
  funnel: {
    label: LABEL,
    labelLine: { lineStyle: { color: LINE } },
    itemStyle: { borderColor: SURFACE, borderWidth: 2 },
    emphasis: SAME_COLOUR,
  },
};
