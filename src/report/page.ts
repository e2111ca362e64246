import { formatMinute } from '../format.js';
import { version } from '../version.js';
import { html, raw } from './html.js';
import type { Scope } from './scope.js';
import { type Section, sectionHtml } from './section.js';
import { style } from './style.js';

/** Nothing is loaded and nothing is run, even if some value got past the escaping. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** The whole document. */
export async function pageOf({ account, time }: Scope, sections: readonly Section[]): Promise<string> {
  const title = `tn-ledger: ${account === undefined ? 'all accounts' : `account ${account}`}`;
  const page = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="tn-ledger ${version}">
<title>${title}, ${formatMinute(time)}</title>
<link rel="icon" href="data:,">
<style>${raw(style)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1>${title}</h1>
<p class="facts">The ledger of telephone numbers as it was at <time datetime="${time.toISOString()}">${formatMinute(time)}</time>. All times are UTC.</p>
<nav aria-label="Contents"><ul>
${sections.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>\n`)}</ul></nav>
</header>
<main id="content" tabindex="-1">
${sections.map(sectionHtml)}</main>
<footer><p>Written by tn-ledger ${version}. Every number comes from the ledger by SQL; <code>tn-ledger sql</code> runs the statements shown.</p></footer>
</body>
</html>
`;
  return String(page);
}
