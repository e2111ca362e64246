import { createRequire } from 'node:module';
import type { EChartsOption, LegendComponentOption, XAXisComponentOption, YAXisComponentOption } from 'echarts';
import { formatCount } from '../../format.js';
import { type Html, html, raw } from '../html.js';

/** Widths in CSS pixels: one picture for screens and print, one for phones, so that text has the same size on both. */
export const widths = { wide: 680, narrow: 336 } as const;

export type Width = keyof typeof widths;

/** Custom properties of the style sheet, which has their values for light, dark and print. */
export const colors = {
  paper: 'var(--paper)',
  ink: 'var(--ink)',
  muted: 'var(--muted)',
  grid: 'var(--line)',
  first: 'var(--first)',
  second: 'var(--second)',
} as const;

export interface ChartText {
  caption: string;
  /** Alternative text for screen readers. The values are in a table next to the chart. */
  alternative: string;
  /** How to read the chart, below it. */
  note?: string;
}

/** A picture with its caption. The style sheet shows one of the two pictures; a picture that adapts to any width is a single one. */
export function figure({ caption, alternative, note }: ChartText, picture: Html | Record<Width, Html>): Html {
  const pictures: [string, Html][] = 'wide' in picture ? Object.entries(picture) : [['any', picture]];
  return html`<figure>
<figcaption>${caption}</figcaption>
${pictures.map(
  ([name, content]) =>
    html`<div class="${name}" role="img" aria-label="${alternative}"><div aria-hidden="true">${content}</div></div>`,
)}${note === undefined ? '' : html`\n<p class="note">${note}</p>`}
</figure>`;
}

/** The parts that differ between charts. */
export interface ChartParts extends Pick<EChartsOption, 'series'> {
  /** Height of the picture. */
  height: number;
  legend?: LegendComponentOption;
  xAxis: XAXisComponentOption;
  yAxis: YAXisComponentOption;
  /** Room above the plot, for a legend or labels, and beside it. */
  room?: { top: number; left?: number; right?: number };
}

/** Draws a chart at both widths. */
export function chart(text: ChartText, partsOf: (width: Width) => ChartParts): Html {
  // Loaded on demand, because loading takes longer than most commands: in one file, because the package's modules take ten times as long.
  const { init } = createRequire(import.meta.url)('echarts/dist/echarts.common.min.js') as typeof import('echarts');
  const draw = (width: Width) => {
    const { height, room, ...parts } = partsOf(width);
    const picture = init(null, null, { renderer: 'svg', ssr: true, width: widths[width], height });
    try {
      picture.setOption({
        animation: false,
        textStyle: { fontFamily: 'inherit', fontSize, color: colors.ink },
        grid: {
          top: 8,
          left: 2,
          right: 2,
          bottom: 2,
          ...room,
          outerBoundsMode: 'same',
          outerBoundsContain: 'axisLabel',
        },
        ...parts,
      });
      // What `renderToSVGString` calls, without the style sheet for pointers, whose names differ from picture to picture.
      const painter = picture.getZr().painter as unknown as {
        renderToString(options: { cssEmphasis: boolean }): string;
      };
      // Ids contain a count of the process's pictures. The same report has the same bytes.
      const id = `${text.caption.replaceAll(/\W+/g, '-')}-${width}`;
      return raw(painter.renderToString({ cssEmphasis: false }).replaceAll(/\bzr\d+-/g, `${id}-`));
    } finally {
      picture.dispose();
    }
  };
  return figure(text, { wide: draw('wide'), narrow: draw('narrow') });
}

const fontSize = 12;
/** Text of axes and legends. */
export const axisText = { color: colors.ink, fontSize, fontFamily: 'inherit' };

/** Height of a legend with this many entries: side by side, or on a phone one below the other. */
export const legendHeight = (entries: number, width: Width) => (width === 'wide' ? 1 : entries) * 20 + 10;

/** A legend above the chart. */
export const legendAbove = (width: Width): LegendComponentOption => ({
  top: 0,
  left: 0,
  orient: width === 'wide' ? 'horizontal' : 'vertical',
  itemGap: width === 'wide' ? 24 : 6,
  selectedMode: false,
  textStyle: axisText,
});

/** A horizontal axis with one place per label. Every nth is written, counted from the last. */
export const labelAxis = (labels: readonly string[], every: number): XAXisComponentOption => ({
  type: 'category',
  data: [...labels],
  axisLine: { lineStyle: { color: colors.muted } },
  axisTick: { show: false },
  axisLabel: {
    ...axisText,
    interval: (index) => (labels.length - 1 - index) % every === 0,
  },
});

/** A vertical axis with grid lines. */
export const valueAxis: YAXisComponentOption = {
  type: 'value',
  splitNumber: 5,
  axisLine: { show: false },
  axisTick: { show: false },
  axisLabel: axisText,
  splitLine: { lineStyle: { color: colors.grid } },
};

/** The same for counts. */
export const countAxis: YAXisComponentOption = {
  ...valueAxis,
  minInterval: 1,
  axisLabel: { ...axisText, formatter: (value: number) => formatCount(value) },
};

/** Text on lines and bars, with a margin in the color of the page. */
export const textAbove = { ...axisText, textBorderColor: colors.paper, textBorderWidth: 4 } as const;

/** The first of two series is filled; the second has the fill of the page and an outline, for readers who don't see colors. */
export const fills = [
  { color: colors.first, borderColor: colors.first, borderWidth: 1.5 },
  { color: colors.paper, borderColor: colors.second, borderWidth: 1.5 },
] as const;
