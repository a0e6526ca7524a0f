/** The README's picture: what producers ask for, what Bedrock answers and what it refuses, beside the quota. */
import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Burst } from './burst.ts';
import { inPercent, inSeconds, inThousands } from './numbers.ts';

use([LineChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

/** GitHub's colours. */
const THEMES = {
  light: {
    ink: '#1f2328',
    muted: '#59636e',
    rule: '#d1d9e0',
    demand: '#818b98',
    answered: '#0969da',
    refused: '#cf222e',
    quota: '#9a6700',
  },
  dark: {
    ink: '#f0f6fc',
    muted: '#9198a1',
    rule: '#3d444d',
    demand: '#9198a1',
    answered: '#4493f8',
    refused: '#f85149',
    quota: '#d29922',
  },
};
export type Theme = keyof typeof THEMES;
export const THEME_NAMES = Object.keys(THEMES) as Theme[];

const SIZE = { width: 830, height: 512 };
const FONT = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif";
const PLOT = { left: 52, right: 64, height: 160 };
const PLOT_TOPS = [90, 324] as const;
const TITLE_ABOVE_PLOT = 48;
/** Of the quota: the highest value that is drawn. */
const TOP = 4;

export function renderBurst(burst: Burst, theme: Theme): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...SIZE });
  chart.setOption(optionsOf(burst, theme));
  const svg = chart.renderToSVGString();
  chart.dispose();
  // The library numbers its classes by instances that it has made: the same picture is to be the same text.
  return `${svg.replace(/zr\d+-/g, 'zr-')}\n`;
}

function optionsOf(burst: Burst, theme: Theme): EChartsCoreOption {
  const colours = THEMES[theme];
  const { straight, smoother, requests } = burst.figures;
  const unanswered = requests - straight.answered;
  const line = (name: string, plot: 0 | 1, values: number[], style: object) => ({
    ...{ type: 'line', name, xAxisIndex: plot, yAxisIndex: plot, showSymbol: false, animation: false },
    data: values.map((value, index) => [(index * burst.secondsPerSample) / 60, value]),
    ...style,
  });
  const area = (colour: string) => ({
    color: colour,
    lineStyle: { width: 0 },
    areaStyle: { color: colour, opacity: 0.75 },
  });
  const demand = (plot: 0 | 1) =>
    line('asked for', plot, burst.demand, {
      color: colours.demand,
      lineStyle: { color: colours.demand, width: 2, type: [2, 3] },
      z: 4,
    });
  const quota = {
    silent: true,
    symbol: 'none',
    lineStyle: { color: colours.quota, width: 2, type: 'solid' },
    label: { formatter: 'quota', color: colours.quota, fontWeight: 'bold', position: 'end' },
    data: [{ yAxis: 1 }],
  };
  return {
    backgroundColor: 'transparent',
    textStyle: { fontFamily: FONT, color: colours.muted },
    legend: {
      top: 4,
      left: PLOT.left - 12,
      itemGap: 28,
      icon: 'roundRect',
      itemWidth: 14,
      itemHeight: 8,
      textStyle: { color: colours.muted },
      data: ['asked for', 'answered', 'refused (429)'],
    },
    title: [
      {
        text: 'tokens of the last minute, in per cent of the quota',
        ...{ top: 9, right: PLOT.right - 4, padding: 0 },
        textStyle: { fontFamily: FONT, fontSize: 12, fontWeight: 'normal', color: colours.muted },
      },
      titleOf(
        'Straight to Bedrock',
        `${inPercent(unanswered / requests)} of the requests end without an answer, and ${inPercent(1 - straight.urgent.answered / straight.urgent.requests)} of the urgent ones; ${inThousands(straight.refused)} calls are refused`,
        PLOT_TOPS[0],
        colours,
      ),
      titleOf(
        'Through the smoother',
        `every request is answered, ${smoother.refused === 0 ? 'no call is' : `${inThousands(smoother.refused)} calls are`} refused; 95 of 100 urgent requests wait ${inSeconds(smoother.urgent.waitP95Ms)} or less`,
        PLOT_TOPS[1],
        colours,
      ),
    ],
    grid: PLOT_TOPS.map((top) => ({ ...PLOT, top })),
    xAxis: [0, 1].map((gridIndex) => ({
      gridIndex,
      type: 'value',
      min: 0,
      max: ((burst.demand.length - 1) * burst.secondsPerSample) / 60,
      interval: 2,
      axisLabel: { color: colours.muted, formatter: '{value} min' },
      axisLine: { show: true, lineStyle: { color: colours.rule } },
      axisTick: { show: false },
      splitLine: { show: false },
    })),
    yAxis: [0, 1].map((gridIndex) => ({
      gridIndex,
      type: 'value',
      min: 0,
      max: TOP,
      interval: 1,
      axisLabel: { color: colours.muted, formatter: (value: number) => `${value * 100} %` },
      splitLine: { lineStyle: { color: colours.rule, opacity: 0.6 } },
    })),
    series: [
      line('answered', 0, burst.straight.answered, {
        ...area(colours.answered),
        stack: 'straight',
        markLine: quota,
      }),
      line('refused (429)', 0, burst.straight.refused.map(upTo(burst.straight.answered)), {
        ...area(colours.refused),
        stack: 'straight',
      }),
      demand(0),
      line('answered', 1, burst.smoother.answered, { ...area(colours.answered), markLine: quota }),
      demand(1),
    ],
  };
}

/** Retries ask for more than fits in the picture: what is stacked on `below` ends at its top. */
function upTo(below: readonly number[]) {
  return (value: number, index: number) => Math.min(value, TOP - (below[index] ?? 0));
}

function titleOf(
  text: string,
  subtext: string,
  plotTop: number,
  { ink, muted }: { ink: string; muted: string },
) {
  return {
    text,
    subtext,
    left: PLOT.left - 8,
    top: plotTop - TITLE_ABOVE_PLOT,
    itemGap: 4,
    textStyle: { fontFamily: FONT, fontSize: 15, color: ink },
    subtextStyle: { fontFamily: FONT, fontSize: 12, color: muted },
  };
}
