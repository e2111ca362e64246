import type { Html } from '../html.js';
import { axisText, type ChartText, chart, colors, fills, textAbove, widths } from './figure.js';

export interface Deviation {
  label: string;
  percent: number;
}

/** Pixels beside the plot, for the labels of bars that reach its edge. */
const room = 52;
/** Pixels that the labels of the lines need at most. */
const lineLabelWidth = 92;
/** Pixels of the names of the bars. */
const labelWidths = { wide: 200, narrow: 112 } as const;

/** Horizontal bars that start at the mean, each labeled with its value. The threshold is a dashed line. */
export function deviations(
  bars: readonly Deviation[],
  { mean, threshold }: { mean: number; threshold: number },
  text: ChartText,
): Html {
  const line = (at: number, name: string, isLeft: boolean, dash: 'solid' | number[]) => ({
    xAxis: at - mean,
    lineStyle: { color: colors.muted, type: dash, width: 1 },
    label: {
      ...textAbove,
      formatter: name,
      position: 'start' as const,
      align: isLeft ? ('right' as const) : ('left' as const),
      padding: [0, 4],
    },
  });
  const differences = [0, threshold - mean, ...bars.map(({ percent }) => percent - mean)];
  const [min, max] = [Math.min(...differences), Math.max(...differences)];
  return chart(text, (width) => {
    const plot = widths[width] - labelWidths[width] - 2 * room;
    // The label of the threshold is left of it if it fits between both lines, and otherwise points away from the mean.
    const isBetween = ((threshold - mean) / (max - min)) * plot > lineLabelWidth;
    return {
      height: bars.length * 22 + 24,
      room: { top: 22, right: isBetween || threshold < mean ? room : lineLabelWidth },
      xAxis: {
        type: 'value',
        show: false,
        min,
        max,
      },
      yAxis: {
        type: 'category',
        inverse: true,
        // Positions, because two places may have the same name.
        data: bars.map((_, index) => index),
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: {
          ...axisText,
          interval: 0,
          formatter: (index: string | number) => bars[Number(index)]?.label ?? '',
          margin: room,
          width: labelWidths[width],
          overflow: 'truncate',
        },
      },
      series: {
        type: 'bar',
        barCategoryGap: '25%',
        data: bars.map(({ percent }) => ({
          value: percent - mean,
          itemStyle: percent < mean ? fills[1] : fills[0],
          label: { position: percent < mean ? ('left' as const) : ('right' as const) },
        })),
        label: { ...textAbove, show: true, formatter: ({ dataIndex }) => `${bars[dataIndex]?.percent.toFixed(1)}%` },
        markLine: {
          silent: true,
          symbol: 'none',
          data: [
            line(mean, `mean ${mean.toFixed(1)}%`, mean <= threshold, 'solid'),
            line(threshold, `threshold ${threshold}%`, isBetween || threshold < mean, [4, 3]),
          ],
        },
      },
    };
  });
}
