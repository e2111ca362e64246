/** The style sheet of the report. The contrast to the background is at least 7:1 for text and 3:1 for lines and bars, in light and dark mode. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2126; --muted: #4d5660; --line: #d5dae0; --stripe: #f4f6f8;
  --first: #1a5fb4; --second: #a63d00; --bad: #a01818; --good: #1b5e20; --link: #0b4f9e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --ink: #e8ebee; --muted: #b3bcc5; --line: #3a424b; --stripe: #1c2227;
    --first: #6cb0f5; --second: #ffab70; --bad: #ff9c94; --good: #8fd694; --link: #8ec3ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .5rem; padding-top: .5rem; border-top: 2px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; }
p { margin: .5rem 0; max-width: 48rem; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { position: static; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 1rem 0; padding: 0; list-style: none; }
.facts { color: var(--muted); }
.scroll { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-size: .9rem; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
td, tbody th { overflow-wrap: break-word; max-width: 22rem; }
time { white-space: nowrap; }
thead th { color: var(--muted); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 500; }
tbody tr:nth-child(even) { background: var(--stripe); }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: 1rem 0; }
figcaption { font-weight: 600; font-size: .9rem; margin-bottom: .5rem; }
figure svg { display: block; max-width: 100%; height: auto; }
figure .narrow { display: none; }
pre { margin: .5rem 0; padding: .5rem .75rem; max-width: 56rem; background: var(--stripe); border: 1px solid var(--line); font-size: .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
ul { padding-left: 1.25rem; }
.concerns li { margin: .5rem 0; }
.failed, .interrupted, .problem strong { color: var(--bad); font-weight: 600; }
.succeeded { color: var(--good); }
.left-out { color: var(--muted); }
footer { margin-top: 2.5rem; padding-top: .5rem; border-top: 2px solid var(--line); color: var(--muted); font-size: .85rem; }
@media (max-width: 44rem) {
  body { padding: .75rem; }
  figure .wide { display: none; }
  figure .narrow { display: block; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #ffffff; --ink: #000000; --muted: #333333; --line: #bbbbbb; --stripe: #ffffff;
    --first: #1a5fb4; --second: #a63d00; --bad: #a01818; --good: #1b5e20; --link: #000000;
  }
  body { font-size: 10pt; padding: 0; max-width: none; }
  nav, .skip { display: none; }
  figure .wide { display: block; }
  figure .narrow { display: none; }
  .scroll { overflow: visible; }
  table { font-size: 8pt; }
  thead { display: table-header-group; }
  tr, figure, li { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  td, th, tbody th { padding: .15rem .35rem; overflow-wrap: anywhere; }
  time { white-space: normal; }
}
`;
