/** The style sheet of the report. The contrast to the background is at least 7:1 for text and 3:1 for lines and bars, in light and dark mode. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2126; --muted: #4d5660; --line: #d5dae0; --stripe: #f4f6f8;
  --first: #1a5fb4; --second: #a63d00; --bad: #a01818; --good: #1b5e20; --link: #0b4f9e;
  --shade-0: #eef3fa; --shade-1: #cfdff2; --shade-2: #9fc1e6; --shade-3: #2c69ad; --shade-4: #0b3567; --on-light: #1c2126; --on-dark: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --ink: #e8ebee; --muted: #b3bcc5; --line: #3a424b; --stripe: #1c2227;
    --first: #6cb0f5; --second: #ffab70; --bad: #ff9c94; --good: #8fd694; --link: #8ec3ff;
    --shade-0: #1f2a36; --shade-1: #25405f; --shade-2: #2c5a8c; --shade-3: #8abdf2; --shade-4: #d6e8fc; --on-light: #e8ebee; --on-dark: #10151a;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: .5rem; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .5rem; padding-top: .5rem; border-top: 2px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; }
p { margin: .5rem 0; max-width: 48rem; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { position: static; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 1rem 0; padding: 0; list-style: none; font-size: .9rem; }
.facts { color: var(--muted); }
.figures { display: grid; grid-template-columns: repeat(3, 1fr); gap: .75rem; margin: 1rem 0; padding: 0; list-style: none; }
.figures a { display: grid; grid-template-columns: 1fr auto; align-items: center; align-content: start; gap: 0 .75rem; height: 100%; padding: .6rem .8rem; border: 1px solid var(--line); border-left: 4px solid var(--first); border-radius: 4px; color: var(--ink); text-decoration: none; }
.figures a:hover { background: var(--stripe); }
.figures a.problem { border-left-color: var(--bad); }
.figures .label { grid-column: 1 / -1; color: var(--muted); font-size: .85rem; font-weight: 600; }
.figures strong { font-size: 1.6rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.figures a.problem strong { color: var(--bad); }
.figures .note { grid-column: 1 / -1; color: var(--muted); font-size: .85rem; line-height: 1.35; }
.figures svg { display: block; width: 120px; height: 28px; }
.spark polyline { fill: none; stroke: var(--first); stroke-width: 1.5; stroke-linejoin: round; }
.spark circle { fill: var(--first); }
.meter .track { fill: var(--stripe); stroke: var(--muted); stroke-width: 1; }
.meter .bar { fill: var(--first); }
.meter line { stroke: var(--second); stroke-width: 2; }
.scroll { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: separate; border-spacing: 0; font-size: .9rem; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
details caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
summary { margin: .75rem 0; font-weight: 600; font-size: .9rem; cursor: pointer; color: var(--link); }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; background: var(--paper); }
td, tbody th { max-width: 22rem; }
td.text { min-width: 6rem; }
time, .age, .name, .succeeded, .failed, .interrupted { white-space: nowrap; }
.age { color: var(--muted); }
.age::before { content: "("; }
.age::after { content: ")"; }
thead th { color: var(--muted); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 500; }
tbody tr:nth-child(even) > * { background: var(--stripe); }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
#left-out tbody tr:first-child > *, #left-out tbody tr:last-child > * { font-weight: 700; }
figure { margin: 1.25rem 0; }
figcaption { font-weight: 600; font-size: .9rem; margin-bottom: .5rem; }
figure svg { display: block; max-width: 100%; height: auto; }
figure .narrow { display: none; }
figure .note { color: var(--muted); font-size: .85rem; }
.tiles { display: grid; grid-template-columns: repeat(12, minmax(0, 1fr)); gap: 3px; max-width: 38rem; }
.tile { display: flex; flex-direction: column; align-items: center; justify-content: center; border: 1px solid transparent; border-radius: 3px; color: var(--on-light); font-size: .8rem; line-height: 1.2; font-variant-numeric: tabular-nums; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.tiles .tile { aspect-ratio: 1; }
.tile.none { border: 1px dashed var(--line); color: var(--muted); }
.tile.none strong { font-weight: 400; }
.shade-0 { background: var(--shade-0); border-color: var(--line); }
.shade-1 { background: var(--shade-1); }
.shade-2 { background: var(--shade-2); }
.shade-3 { background: var(--shade-3); color: var(--on-dark); }
.shade-4 { background: var(--shade-4); color: var(--on-dark); }
.key { display: flex; flex-wrap: wrap; gap: .4rem; margin-top: .6rem; }
.key .tile { padding: .1rem .5rem; }
pre { margin: .5rem 0; padding: .5rem .75rem; max-width: 56rem; background: var(--stripe); border: 1px solid var(--line); font-size: .8rem; white-space: pre-wrap; overflow-wrap: break-word; }
ul { padding-left: 1.25rem; }
.concerns { padding-left: 0; list-style: none; }
.concerns li { margin: .75rem 0; padding-left: .8rem; border-left: 4px solid var(--line); }
.concerns li.problem { border-left-color: var(--bad); }
.concerns caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.sql summary { margin: .25rem 0; font-weight: 400; font-size: .8rem; }
.failed, .interrupted, .problem > strong { color: var(--bad); font-weight: 600; }
.succeeded { color: var(--good); }
.left-out { color: var(--muted); }
footer { margin-top: 2.5rem; padding-top: .5rem; border-top: 2px solid var(--line); color: var(--muted); font-size: .85rem; }
@media (max-width: 44rem) {
  body { padding: .75rem; }
  .figures { grid-template-columns: 1fr 1fr; gap: .5rem; }
  .figures a { grid-template-columns: 1fr; padding: .5rem .6rem; }
  .figures strong { font-size: 1.3rem; }
  figure .wide { display: none; }
  figure .narrow { display: block; }
  .tiles { gap: 2px; }
  .tiles .tile { font-size: .6rem; }
  td, tbody th { max-width: 16rem; }
  thead th:first-child, tbody th { position: sticky; left: 0; z-index: 1; min-width: 5rem; max-width: 9.5rem; border-right: 1px solid var(--line); }
  thead th.number:first-child, tbody th.number { min-width: 3rem; }
  .name { white-space: normal; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #ffffff; --ink: #000000; --muted: #333333; --line: #bbbbbb; --stripe: #ffffff;
    --first: #1a5fb4; --second: #a63d00; --bad: #a01818; --good: #1b5e20; --link: #000000;
    --shade-0: #eef3fa; --shade-1: #cfdff2; --shade-2: #9fc1e6; --shade-3: #2c69ad; --shade-4: #0b3567; --on-light: #000000; --on-dark: #ffffff;
  }
  body { font-size: 10pt; padding: 0 1px; max-width: none; }
  nav, .skip { display: none; }
  .figures { grid-template-columns: repeat(3, 1fr); }
  .figures strong { font-size: 14pt; }
  figure .wide { display: block; }
  figure .narrow { display: none; }
  .tiles { max-width: 30rem; }
  .scroll { overflow: visible; }
  details::details-content { content-visibility: visible; block-size: auto; }
  summary { list-style: none; color: var(--ink); }
  summary::-webkit-details-marker { display: none; }
  table { font-size: 7.5pt; width: auto; max-width: 100%; }
  thead { display: table-header-group; }
  td, tbody th { max-width: 15rem; }
  td.text { min-width: 0; }
  th, td { padding: .1rem .2rem; overflow-wrap: normal; word-break: normal; hyphens: manual; }
  td.text, tbody th.text { overflow-wrap: break-word; }
  thead th, .name { white-space: normal; }
  pre { font-size: 7.5pt; }
  tr, figure, .figures li, .tiles, pre { break-inside: avoid; }
  h2, h3, caption, summary, figcaption, .concerns li > strong { break-after: avoid; }
  p { orphans: 3; widows: 3; }
}
`;

/** Page numbers and the name of the report on every printed page. */
export function pageMargins(title: string): string {
  return `@page {
  margin: 16mm 14mm;
  @bottom-left { content: ${cssString(title)}; font: 8pt sans-serif; color: #333; }
  @bottom-right { content: "Page " counter(page) " of " counter(pages); font: 8pt sans-serif; color: #333; }
}
`;
}

/** Any text as a CSS string, safe in an HTML style element. */
function cssString(text: string): string {
  return `"${text.replace(/[^\w ,.:-]/gu, (character) => `\\${character.codePointAt(0)?.toString(16)} `)}"`;
}
