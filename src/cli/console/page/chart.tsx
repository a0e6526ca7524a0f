import { LineChart } from 'echarts/charts';
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { type ECharts, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { useEffect, useRef, useState } from 'preact/hooks';
import { short } from '../../report/numbers.ts';
import type { PageData } from '../data.ts';
import { DataTable } from './table.tsx';

use([AriaComponent, GridComponent, LegendComponent, LineChart, SVGRenderer, TooltipComponent]);

type Lane = PageData['lanes'][number];
type Unit = 'tokens' | 'requests';

/** Demand, use and quota, minute by minute, in tokens or requests. */
export function LaneChart({ lane }: { lane: Lane }) {
  const [unit, setUnit] = useState<Unit>(lane.bound?.by === 'requests_per_minute' ? 'requests' : 'tokens');
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | undefined>(undefined);
  const isDark = useDark();

  useEffect(() => {
    if (!element.current) return;
    const drawn = init(element.current, undefined, { renderer: 'svg' });
    chart.current = drawn;
    const observer = new ResizeObserver(() => drawn.resize());
    observer.observe(element.current);
    return () => {
      observer.disconnect();
      drawn.dispose();
    };
  }, []);

  // The colours of the style change with the theme. What is pointed at and which lines are hidden outlast new figures.
  useEffect(() => {
    chart.current?.setOption(optionOf(lane, unit), { replaceMerge: ['series'] });
  }, [lane, unit, isDark]);

  const sum = (pick: 'demand' | 'used') => lane.minutes.reduce((all, minute) => all + minute[pick][unit], 0);
  return (
    <figure>
      <div class="chart-head">
        <figcaption>Demand, use and quota ({unit} a minute, UTC)</figcaption>
        <label>
          <input
            type="checkbox"
            aria-label={`in requests, ${lane.lane}`}
            checked={unit === 'requests'}
            onChange={(event) => setUnit(event.currentTarget.checked ? 'requests' : 'tokens')}
          />{' '}
          in requests
        </label>
      </div>
      <div
        ref={element}
        class="chart"
        role="img"
        aria-label={`Chart of ${lane.lane}: ${short(sum('demand'))} ${unit} arrived and ${short(sum('used'))} were used in the time shown.`}
      />
      <details>
        <summary aria-label={`The figures of the chart, ${lane.lane}`}>The figures of the chart</summary>
        <DataTable
          of={lane.lane}
          caption={`Demand and use in ${unit} a minute`}
          head={['minute', 'demand', 'used', 'throttled calls']}
          rows={lane.minutes
            .filter(({ demand, used }) => demand.requests > 0 || used.requests > 0)
            .map(({ minute, demand, used, throttles }) => [
              minute.replace('T', ' '),
              short(demand[unit]),
              short(used[unit]),
              short(throttles),
            ])}
        />
      </details>
    </figure>
  );
}

function optionOf({ minutes, limits }: Lane, unit: Unit) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const quota = unit === 'tokens' ? limits.tokens_per_minute : limits.requests_per_minute;
  const line = (name: string, data: number[], colours: string, more = {}) => ({
    id: name,
    name,
    type: 'line',
    data,
    symbol: 'none',
    step: 'middle',
    color: colour(colours),
    lineStyle: { width: 2 },
    ...more,
  });
  const text = { color: colour('--quiet') };
  return {
    animation: false,
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    aria: { enabled: false },
    grid: { left: 56, right: 16, top: 36, bottom: 28 },
    legend: { top: 0, left: 0, textStyle: { color: colour('--text') }, icon: 'roundRect', itemHeight: 4 },
    tooltip: {
      trigger: 'axis',
      valueFormatter: (value: unknown) => short(Number(value)),
      backgroundColor: colour('--card'),
      borderColor: colour('--edge'),
      textStyle: { color: colour('--text') },
    },
    xAxis: {
      type: 'category',
      boundaryGap: false,
      data: minutes.map(({ minute }) => labelOf(minute, minutes)),
      axisLabel: text,
      axisLine: { lineStyle: { color: colour('--edge') } },
      axisTick: { show: false },
    },
    yAxis: {
      type: 'value',
      axisLabel: { ...text, formatter: (value: number) => short(value) },
      splitLine: { lineStyle: { color: colour('--edge') } },
    },
    series: [
      line(
        'used',
        minutes.map(({ used }) => used[unit]),
        '--used',
        { areaStyle: { opacity: 0.25 } },
      ),
      line(
        'demand',
        minutes.map(({ demand }) => demand[unit]),
        '--demand',
      ),
      ...(quota === undefined
        ? []
        : [
            line(
              'quota',
              minutes.map(() => quota),
              '--quota',
              { step: false, lineStyle: { width: 2, type: 'dashed' } },
            ),
          ]),
    ],
  };
}

/** The time of day, and the day too where more than one is shown. */
function labelOf(minute: string, minutes: Lane['minutes']): string {
  const isOneDay = minutes[0]?.minute.slice(0, 10) === minutes.at(-1)?.minute.slice(0, 10);
  return isOneDay || minutes.length <= 60 ? minute.slice(11, 16) : minute.slice(5, 16).replace('T', ' ');
}

function useDark(): boolean {
  const query = matchMedia('(prefers-color-scheme: dark)');
  const [isDark, setDark] = useState(query.matches);
  useEffect(() => {
    const change = () => setDark(query.matches);
    query.addEventListener('change', change);
    return () => query.removeEventListener('change', change);
  }, []);
  return isDark;
}
