import { type Html, html } from './html.js';

/** A number on the first screen. It is a link to its section. */
export interface KeyFigure {
  label: string;
  value: string;
  /** What it is compared with. */
  note: string;
  /** Something failed or is stuck. */
  isProblem?: boolean;
  picture?: Html;
}

/** A part of the page with its own heading and an entry in the table of contents. */
export interface Section {
  id: string;
  title: string;
  content: Html;
  /** What the first screen shows of it. */
  figures?: readonly KeyFigure[];
}

/** The key figures of all sections. */
export function figuresHtml(sections: readonly Section[]): Html {
  const items = sections.flatMap(({ id, figures = [] }) =>
    figures.map(
      ({ label, value, note, picture, isProblem = false }) =>
        html`<li><a href="#${id}"${isProblem ? html` class="problem"` : ''}><span class="label">${label}</span> <strong>${value}</strong>${picture ?? ''} <span class="note">${note}</span></a></li>\n`,
    ),
  );
  return html`<ul class="figures">
${items}</ul>`;
}

export function sectionHtml({ id, title, content }: Section): Html {
  return html`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${content}
</section>
`;
}
