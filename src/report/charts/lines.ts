import { formatCount } from '../../format.js';
import type { Html } from '../html.js';
import { type ChartText, chart, colors, countAxis, labelAxis, legendAbove, legendHeight } from './figure.js';

export interface Line {
  name: string;
  values: readonly number[];
}

/** Below this share of the largest value, the axis starts at zero: the lines would not use its lower part much less. */
const zeroBelow = 0.3;

const styles = [
  { color: colors.first, dash: 'solid', symbol: 'circle' },
  { color: colors.second, dash: [6, 4], symbol: 'rect' },
] as const;

/** Up to two lines over the same labels, distinguished by color, dashes and point shape. The legend has the last values. */
export function lines(labels: readonly string[], series: readonly Line[], text: ChartText): Html {
  const values = series.flatMap((line) => line.values);
  return chart(text, (width) => {
    const top = legendHeight(series.length, width);
    return {
      height: top + (width === 'wide' ? 264 : 224),
      room: { top },
      legend: { ...legendAbove(width), itemWidth: 30, itemHeight: 8 },
      xAxis: labelAxis(labels, width === 'wide' ? 3 : 8),
      yAxis: { ...countAxis, scale: Math.min(...values) >= Math.max(1, ...values) * zeroBelow },
      series: series.map(({ name, values }, index) => {
        const { color, dash, symbol } = styles[index] ?? styles[1];
        return {
          type: 'line',
          name: `${name}: ${formatCount(values.at(-1) ?? 0)}`,
          data: [...values],
          symbol,
          symbolSize: 4.5,
          itemStyle: { color },
          lineStyle: { color, width: 2, type: typeof dash === 'string' ? dash : [...dash] },
        };
      }),
    };
  });
}
