import { type Html, html } from '../html.js';
import { type ChartText, figure } from './figure.js';

/** The states, the District of Columbia, and the territories, roughly where they are: `.` is empty. */
const grid = `
AK .  .  .  .  .  .  .  .  .  .  ME
.  .  .  .  .  .  .  .  .  .  VT NH
.  WA ID MT ND MN IL WI MI NY RI MA
MP OR NV WY SD IA IN OH PA NJ CT .
GU CA UT CO NE MO KY WV VA MD DE .
AS .  AZ NM KS AR TN NC SC DC .  .
.  .  .  .  OK LA MS AL GA .  .  PR
HI .  .  .  TX .  .  .  .  FL .  VI`;

const tiles = grid
  .trim()
  .split('\n')
  .flatMap((line, row) =>
    line
      .trim()
      .split(/ +/)
      .map((state, column) => ({ state, row, column })),
  )
  .filter(({ state }) => state !== '.');

/** Whether the map has a tile for it. */
export const isOnMap = (state: string | undefined) => tiles.some((tile) => tile.state === state);

/** Lower bounds of the shades, in percent. */
const shades = [0, 20, 40, 60, 75] as const;

const shadeOf = (percent: number) => shades.findLastIndex((from) => percent >= from);

/** A percentage per state, on a map with a tile per state, each of which also has it as text. */
export function tileMap(states: ReadonlyMap<string, number>, text: ChartText): Html {
  const drawn = tiles.map(({ state, row, column }) => {
    const percent = states.get(state);
    const place = `grid-area: ${row + 1} / ${column + 1}`;
    return percent === undefined
      ? html`<span class="tile none" style="${place}"><strong>${state}</strong></span>`
      : // Rounded down, so that a value below the threshold does not look as if it reached it.
        html`<span class="tile shade-${shadeOf(percent)}" style="${place}"><strong>${state}</strong>${Math.floor(percent)}%</span>`;
  });
  const key = shades.map((from, index) => {
    const to = shades[index + 1];
    return html`<span class="tile shade-${index}">${to === undefined ? `${from}% or more` : `${from} to ${to}%`}</span>`;
  });
  return figure(
    text,
    html`<div class="tiles">${drawn}</div><div class="key">${key}<span class="tile none">no numbers</span></div>`,
  );
}
