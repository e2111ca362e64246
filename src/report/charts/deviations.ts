import type { Html } from '../html.js';
import { type ChartText, chart, colors, textMarks } from './figure.js';

export interface Deviation {
  label: string;
  percent: number;
}

/** Horizontal bars that start at the mean, each labeled with its value. The threshold is a dashed line. */
export function deviations(
  bars: readonly Deviation[],
  { mean, threshold }: { mean: number; threshold: number },
  text: ChartText,
): Promise<Html> {
  const values = [mean, threshold, ...bars.map(({ percent }) => percent)];
  // No axis beyond 0 and 100%, and room for the labels inside.
  const room = 8;
  const domain = [Math.max(0, Math.min(...values)), Math.min(100, Math.max(...values))] as const;
  const marks = [
    { name: 'mean', percent: mean, text: `mean ${mean.toFixed(1)}%` },
    { name: 'threshold', percent: threshold, text: `threshold ${threshold}%` },
  ];
  // Labels of lines that are close to each other point away from each other.
  const isMeanLeft = mean <= threshold;
  return chart(text, (width) => ({
    height: bars.length * 22,
    data: [
      {
        name: 'bars',
        values: bars.map((bar, index) => ({
          ...bar,
          index,
          text: `${bar.percent.toFixed(1)}%`,
          side: bar.percent < mean ? 'right' : 'left',
          offset: bar.percent < mean ? -5 : 5,
        })),
      },
      {
        name: 'marks',
        values: marks.map((mark) => ({
          ...mark,
          side: (mark.name === 'mean') === isMeanLeft ? 'right' : 'left',
          offset: (mark.name === 'mean') === isMeanLeft ? 4 : -4,
        })),
      },
      { name: 'labels', values: bars.map(({ label }) => label) },
    ],
    scales: [
      // The domain is positions, because two places may have the same name.
      { name: 'row', type: 'band', domain: bars.map((_, index) => index), range: 'height', padding: 0.25 },
      {
        name: 'percent',
        type: 'linear',
        domain: [...domain],
        range: [{ signal: `width * ${room} / 100 + 20` }, { signal: `width - (width * ${room} / 100 + 20)` }],
        zero: false,
      },
      { name: 'fill', type: 'ordinal', domain: ['left', 'right'], range: [colors.first, colors.paper] },
      { name: 'stroke', type: 'ordinal', domain: ['left', 'right'], range: [colors.first, colors.second] },
    ],
    axes: [
      {
        orient: 'left',
        scale: 'row',
        domain: false,
        ticks: false,
        labelPadding: 8,
        labelLimit: width === 'wide' ? 200 : 130,
        encode: { labels: { update: { text: { signal: "data('labels')[datum.value].data" } } } },
      },
    ],
    marks: [
      {
        type: 'rect',
        from: { data: 'bars' },
        encode: {
          enter: {
            x: { scale: 'percent', value: mean },
            x2: { scale: 'percent', field: 'percent' },
            y: { scale: 'row', field: 'index' },
            height: { scale: 'row', band: 1 },
            fill: { scale: 'fill', field: 'side' },
            stroke: { scale: 'stroke', field: 'side' },
            strokeWidth: { value: 1.5 },
          },
        },
      },
      {
        type: 'rule',
        from: { data: 'marks' },
        encode: {
          enter: {
            x: { scale: 'percent', field: 'percent' },
            y: { value: 0 },
            y2: { signal: 'height' },
            stroke: { value: colors.muted },
            strokeDash: { signal: "datum.name === 'threshold' ? [4, 3] : []" },
          },
        },
      },
      ...textMarks('bars', {
        x: { scale: 'percent', field: 'percent', offset: { field: 'offset' } },
        y: { scale: 'row', field: 'index', band: 0.5 },
        align: { field: 'side' },
        baseline: { value: 'middle' },
      }),
      ...textMarks('marks', {
        x: { scale: 'percent', field: 'percent', offset: { field: 'offset' } },
        y: { value: -6 },
        align: { field: 'side' },
      }),
    ],
  }));
}
