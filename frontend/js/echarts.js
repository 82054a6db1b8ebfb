// ECharts with what dashboards use and nothing else: the whole of it is nearly twice the size.

import * as echarts from "echarts/core";
import { BarChart, FunnelChart, GaugeChart, HeatmapChart, LineChart, PieChart } from "echarts/charts";
import {
  AriaComponent,
  DatasetComponent,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
  TooltipComponent,
  VisualMapPiecewiseComponent,
} from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

echarts.use([
  AriaComponent,
  BarChart,
  DatasetComponent,
  FunnelChart,
  GaugeChart,
  GridComponent,
  HeatmapChart,
  LegendComponent,
  LineChart,
  MarkAreaComponent,
  MarkLineComponent,
  PieChart,
  SVGRenderer,
  TitleComponent,
  TooltipComponent,
  // The continuous kind mixes colours by arithmetic, which it cannot do with names of CSS variables.
  VisualMapPiecewiseComponent,
]);

export { echarts };
