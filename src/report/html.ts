import { html, raw } from 'hono/html';

/** A piece of the page: what `html` puts into it is escaped, save other pieces. */
export type Html = ReturnType<typeof html>;

export { html, raw };
