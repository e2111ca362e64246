import { formatCount } from '../../format.js';
import type { Html } from '../html.js';
import { type ChartText, chart, colors, countAxis } from './figure.js';

export interface Line {
  name: string;
  values: readonly number[];
}

/** Below this share of the largest value, the axis starts at zero: the lines would not use its lower part much less. */
const zeroBelow = 0.3;

const position = { x: { scale: 'x', field: 'label' }, y: { scale: 'y', field: 'value' } };

/** Up to two lines over the same labels, distinguished by color, dashes and point shape. The legend has the last values. */
export function lines(labels: readonly string[], series: readonly Line[], text: ChartText): Promise<Html> {
  const named = series.map(({ name, values }) => ({ name: `${name}: ${formatCount(values.at(-1) ?? 0)}`, values }));
  const names = named.map(({ name }) => name);
  const points = named.flatMap(({ name, values }) =>
    values.map((value, index) => ({ name, label: labels[index], value })),
  );
  const values = points.map(({ value }) => value);
  const most = Math.max(1, ...values);
  const least = Math.min(...values);
  return chart(text, (width) => ({
    height: width === 'wide' ? 240 : 200,
    data: [{ name: 'points', values: points }],
    scales: [
      { name: 'x', type: 'point', domain: [...labels], range: 'width', padding: 0.3 },
      {
        name: 'y',
        type: 'linear',
        domain: [least < most * zeroBelow ? 0 : least, most],
        range: 'height',
        nice: true,
        zero: false,
      },
      { name: 'color', type: 'ordinal', domain: names, range: [colors.first, colors.second] },
      { name: 'dash', type: 'ordinal', domain: names, range: [[], [6, 4]] },
      { name: 'shape', type: 'ordinal', domain: names, range: ['circle', 'square'] },
    ],
    axes: [
      {
        orient: 'bottom',
        scale: 'x',
        values: labels.filter((_, index) => (labels.length - 1 - index) % (width === 'wide' ? 3 : 8) === 0),
      },
      countAxis,
    ],
    legends: [
      {
        stroke: 'color',
        strokeDash: 'dash',
        shape: 'shape',
        orient: 'top',
        direction: width === 'wide' ? 'horizontal' : 'vertical',
        symbolType: 'stroke',
        columnPadding: 24,
      },
    ],
    marks: [
      {
        type: 'group',
        from: { facet: { name: 'series', data: 'points', groupby: 'name' } },
        marks: [
          {
            type: 'line',
            from: { data: 'series' },
            encode: {
              enter: {
                ...position,
                stroke: { scale: 'color', field: 'name' },
                strokeDash: { scale: 'dash', field: 'name' },
                strokeWidth: { value: 2 },
              },
            },
          },
          {
            type: 'symbol',
            from: { data: 'series' },
            encode: {
              enter: {
                ...position,
                shape: { scale: 'shape', field: 'name' },
                fill: { scale: 'color', field: 'name' },
                size: { value: 18 },
              },
            },
          },
        ],
      },
    ],
  }));
}
