import type { Axis, Spec } from 'vega';
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

/** The parts of a specification that differ between charts. */
export interface ChartParts extends Pick<Spec, 'data' | 'scales' | 'axes' | 'legends' | 'marks'> {
  /** Height of the plot, without axes and legend. */
  height: number;
}

/** Draws a Vega chart at both widths. */
export async function chart(text: ChartText, partsOf: (width: Width) => ChartParts): Promise<Html> {
  // Loaded on demand, because loading takes longer than most commands.
  const { parse, View } = await import('vega');
  const draw = async (width: Width) =>
    raw(await new View(parse({ ...frame(width), ...partsOf(width) }), { renderer: 'none' }).toSVG());
  return figure(text, { wide: await draw('wide'), narrow: await draw('narrow') });
}

/** A vertical axis, with grid lines. */
export const valueAxis: Axis = {
  orient: 'left',
  scale: 'y',
  grid: true,
  domain: false,
  ticks: false,
  tickCount: 5,
  labelPadding: 6,
};

/** The same for counts. */
export const countAxis: Axis = { ...valueAxis, tickMinStep: 1, format: ',d' };

/** Text above lines and bars, with a margin in the color of the page. */
export function textMarks(data: string, position: Record<string, unknown>): NonNullable<Spec['marks']> {
  const text = { ...position, text: { field: 'text' }, fontSize: { value: 12 }, fill: { value: colors.ink } };
  const margin = { stroke: { value: colors.paper }, strokeWidth: { value: 4 }, strokeJoin: { value: 'round' } };
  return [
    { type: 'text', from: { data }, encode: { enter: { ...text, ...margin } } },
    { type: 'text', from: { data }, encode: { enter: text } },
  ] as NonNullable<Spec['marks']>;
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
      legend: { ...text, labelLimit: 0, aria: false },
      rect: { aria: false },
      line: { aria: false },
      rule: { aria: false },
      symbol: { aria: false },
      group: { aria: false },
    },
  };
}
