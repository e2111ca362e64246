import { html, raw } from 'hono/html';

/** A fragment of the page. `html` escapes every value except other fragments. */
export type Html = ReturnType<typeof html>;

export { html, raw };
