import { formatCount } from '../../format.js';
import type { Html } from '../html.js';
import { type ChartText, chart, colors, countAxis, textMarks, valueAxis } from './figure.js';

export interface ColumnSeries {
  name: string;
  values: readonly number[];
  /** Below the zero line. The values are positive. */
  isBelow?: boolean;
}

export interface ColumnOptions {
  /** Label every nth column, on screens and on phones; the last one always. */
  every: { wide: number; narrow: number };
  /** Write the sum above each column, instead of an axis: for a few columns. */
  labeled?: boolean;
  /** The values aren't counts: the axis may have fractions. */
  isDecimal?: boolean;
}

/** One or two series as columns: stacked, or one above and one below the zero line. The second has a lighter fill and an outline. */
export function columns(
  labels: readonly string[],
  series: readonly ColumnSeries[],
  text: ChartText,
  { every, labeled = false, isDecimal = false }: ColumnOptions,
): Promise<Html> {
  const names = series.map(({ name }) => name);
  const rects = labels.flatMap((label, index) => {
    let top = 0;
    return series.map(({ name, values, isBelow = false }) => {
      const value = values[index] ?? 0;
      const from = isBelow ? 0 : top;
      const to = isBelow ? -value : top + value;
      if (!isBelow) top = to;
      return { name, label, from, to };
    });
  });
  const sums = labels.map((label, index) => {
    const sum = series.reduce((total, { values }) => total + (values[index] ?? 0), 0);
    return { label, sum, text: formatCount(sum) };
  });
  const edges = rects.flatMap(({ from, to }) => [from, to]);
  const most = Math.max(0, ...edges);
  return chart(text, (width) => ({
    height: labeled ? 160 : width === 'wide' ? 200 : 180,
    data: [
      { name: 'rects', values: rects.filter(({ from, to }) => from !== to) },
      { name: 'sums', values: sums },
    ],
    scales: [
      { name: 'x', type: 'band', domain: [...labels], range: 'width', padding: labeled ? 0.35 : 0.2 },
      {
        name: 'y',
        type: 'linear',
        domain: [Math.min(0, ...edges), isDecimal && most > 0 ? most : Math.max(1, most)],
        // Room for the labels.
        range: labeled ? [{ signal: 'height' }, 16] : 'height',
        nice: !labeled,
        zero: true,
      },
      { name: 'fill', type: 'ordinal', domain: names, range: [colors.first, colors.paper] },
      { name: 'stroke', type: 'ordinal', domain: names, range: [colors.first, colors.second] },
    ],
    axes: [
      {
        orient: 'bottom',
        scale: 'x',
        ticks: false,
        domain: labeled,
        labelPadding: 6,
        values: labels.filter((_, index) => (labels.length - 1 - index) % every[width] === 0),
      },
      ...(labeled ? [] : [isDecimal ? valueAxis : countAxis]),
    ],
    ...(series.length > 1 && {
      legends: [
        {
          fill: 'fill',
          stroke: 'stroke',
          orient: 'top',
          direction: width === 'wide' ? 'horizontal' : 'vertical',
          symbolType: 'square',
          columnPadding: 24,
        },
      ],
    }),
    marks: [
      {
        type: 'rect',
        from: { data: 'rects' },
        encode: {
          enter: {
            x: { scale: 'x', field: 'label' },
            width: { scale: 'x', band: 1 },
            y: { scale: 'y', field: 'from' },
            y2: { scale: 'y', field: 'to' },
            fill: { scale: 'fill', field: 'name' },
            stroke: { scale: 'stroke', field: 'name' },
            strokeWidth: { value: 1.5 },
          },
        },
      },
      ...(labeled
        ? textMarks('sums', {
            x: { scale: 'x', field: 'label', band: 0.5 },
            y: { scale: 'y', field: 'sum', offset: -5 },
            align: { value: 'center' },
          })
        : [
            {
              type: 'rule' as const,
              encode: {
                enter: {
                  x: { value: 0 },
                  x2: { signal: 'width' },
                  y: { scale: 'y', value: 0 },
                  stroke: { value: colors.muted },
                },
              },
            },
          ]),
    ],
  }));
}
