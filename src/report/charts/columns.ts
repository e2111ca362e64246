import { formatCount } from '../../format.js';
import type { Html } from '../html.js';
import {
  type ChartText,
  chart,
  countAxis,
  fills,
  labelAxis,
  legendAbove,
  legendHeight,
  textAbove,
  valueAxis,
} from './figure.js';

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
): Html {
  const sums = labels.map((_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  return chart(text, (width) => {
    const top = series.length > 1 ? legendHeight(series.length, width) : 8;
    return {
      height: top + (labeled ? 180 : width === 'wide' ? 224 : 204),
      room: { top: labeled ? top + 20 : top },
      ...(series.length > 1 && {
        legend: {
          ...legendAbove(width),
          data: series.map(({ name }) => name),
          icon: 'rect',
          itemWidth: 12,
          itemHeight: 12,
        },
      }),
      xAxis: labelAxis(labels, every[width]),
      yAxis: labeled ? { type: 'value', show: false } : isDecimal ? valueAxis : countAxis,
      series: [
        ...series.map(({ name, values, isBelow = false }, index) => ({
          ...stacked,
          name,
          barCategoryGap: labeled ? '35%' : '20%',
          itemStyle: fills[index] ?? fills[1],
          // No outline of a column without a height.
          data: values.map((value) => (value === 0 ? null : isBelow ? -value : value)),
        })),
        ...(labeled
          ? [
              {
                ...stacked,
                data: labels.map(() => 0),
                label: {
                  ...textAbove,
                  show: true,
                  position: 'top' as const,
                  formatter: ({ dataIndex }: { dataIndex: number }) => formatCount(sums[dataIndex] ?? 0),
                },
              },
            ]
          : []),
      ],
    };
  });
}

const stacked = { type: 'bar', stack: 'columns' } as const;
