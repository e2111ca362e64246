import type { Spec } from 'vega';
import { type Html, html, raw } from './html.js';

/** Widths in CSS pixels: one chart for screens and print, one for phones, so that text has the same size on both. */
const widths = { wide: 680, narrow: 336 } as const;

type Width = keyof typeof widths;

const colors = {
  ink: 'var(--ink)',
  muted: 'var(--muted)',
  grid: 'var(--line)',
  first: 'var(--first)',
  second: 'var(--second)',
} as const;

export interface Bar {
  label: string;
  percent: number;
}

/** Horizontal bars from 0 to 100%, each labeled with its value. */
export function percentBars(bars: readonly Bar[], text: ChartText): Promise<Html> {
  return chart(text, (width) => ({
    ...frame(width),
    height: bars.length * 24,
    data: [
      {
        name: 'bars',
        values: bars.map((bar, index) => ({ ...bar, index, text: `${bar.percent.toFixed(2)}%` })),
      },
      { name: 'labels', values: bars.map(({ label }) => label) },
    ],
    scales: [
      // The domain is positions, because two places may have the same name.
      { name: 'row', type: 'band', domain: bars.map((_, index) => index), range: 'height', padding: 0.25 },
      { name: 'percent', type: 'linear', domain: [0, 100], range: [0, { signal: 'width - 62' }] },
    ],
    axes: [
      {
        orient: 'left',
        scale: 'row',
        domain: false,
        ticks: false,
        labelPadding: 8,
        labelLimit: width === 'wide' ? 200 : 110,
        encode: { labels: { update: { text: { signal: "data('labels')[datum.value].data" } } } },
      },
      {
        orient: 'bottom',
        scale: 'percent',
        values: width === 'wide' ? [0, 25, 50, 75, 100] : [0, 50, 100],
        grid: true,
        domain: false,
        ticks: false,
        labelPadding: 6,
      },
    ],
    marks: [
      {
        type: 'rect',
        from: { data: 'bars' },
        encode: {
          enter: {
            x: { scale: 'percent', value: 0 },
            x2: { scale: 'percent', field: 'percent' },
            y: { scale: 'row', field: 'index' },
            height: { scale: 'row', band: 1 },
            fill: { value: colors.first },
          },
        },
      },
      {
        type: 'text',
        from: { data: 'bars' },
        encode: {
          enter: {
            x: { scale: 'percent', field: 'percent', offset: 5 },
            y: { scale: 'row', field: 'index', band: 0.5 },
            baseline: { value: 'middle' },
            text: { field: 'text' },
            fill: { value: colors.ink },
            fontSize: { value: 12 },
          },
        },
      },
    ],
  }));
}

export interface Line {
  name: string;
  values: readonly number[];
}

/** Up to two lines over the same labels, distinguished by color, dashes and point shape. */
export function lines(labels: readonly string[], series: readonly Line[], text: ChartText): Promise<Html> {
  const names = series.map(({ name }) => name);
  const points = series.flatMap(({ name, values }) =>
    values.map((value, index) => ({ name, label: labels[index], value })),
  );
  const most = Math.max(1, ...points.map(({ value }) => value));
  return chart(text, (width) => ({
    ...frame(width),
    height: width === 'wide' ? 240 : 200,
    data: [{ name: 'points', values: points }],
    scales: [
      { name: 'x', type: 'point', domain: [...labels], range: 'width', padding: 0.3 },
      { name: 'y', type: 'linear', domain: [0, most], range: 'height', nice: true, zero: true },
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
      {
        orient: 'left',
        scale: 'y',
        grid: true,
        domain: false,
        ticks: false,
        tickCount: 5,
        tickMinStep: 1,
        format: ',d',
        labelPadding: 6,
      },
    ],
    legends: [
      {
        stroke: 'color',
        strokeDash: 'dash',
        shape: 'shape',
        orient: 'top',
        direction: 'horizontal',
        symbolType: 'stroke',
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
                x: { scale: 'x', field: 'label' },
                y: { scale: 'y', field: 'value' },
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
                x: { scale: 'x', field: 'label' },
                y: { scale: 'y', field: 'value' },
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

export interface ChartText {
  caption: string;
  /** Alternative text for screen readers. The values are in a table next to the chart. */
  alternative: string;
}

/** Draws the chart at both widths; the style sheet shows one of them and sets the colors. */
async function chart({ caption, alternative }: ChartText, specOf: (width: Width) => Spec): Promise<Html> {
  // Loaded on demand, because loading takes longer than most commands.
  const { parse, View } = await import('vega');
  const pictures: Html[] = [];
  for (const width of Object.keys(widths) as Width[]) {
    const svg = await new View(parse(specOf(width)), { renderer: 'none' }).toSVG();
    pictures.push(
      html`<div class="${width}" role="img" aria-label="${alternative}"><div aria-hidden="true">${raw(svg)}</div></div>`,
    );
  }
  return html`<figure>
<figcaption>${caption}</figcaption>
${pictures}
</figure>`;
}

function frame(width: Width): Pick<Spec, 'width' | 'padding' | 'autosize' | 'config'> {
  const text = { labelColor: colors.ink, labelFont: 'inherit', labelFontSize: 12 };
  return {
    width: widths[width],
    padding: 2,
    autosize: { type: 'fit-x', contains: 'padding' },
    config: {
      text: { font: 'inherit' },
      axis: { ...text, gridColor: colors.grid, domainColor: colors.muted, tickColor: colors.muted, aria: false },
      legend: { ...text, aria: false },
      rect: { aria: false },
      line: { aria: false },
      symbol: { aria: false },
      group: { aria: false },
    },
  };
}
