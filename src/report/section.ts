import { type Html, html } from './html.js';

/** A part of the page with its own heading and an entry in the table of contents. */
export interface Section {
  id: string;
  title: string;
  content: Html;
}

export function sectionHtml({ id, title, content }: Section): Html {
  return html`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${content}
</section>
`;
}
