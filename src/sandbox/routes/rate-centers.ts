import { type Answer, badRequest, empty, xml } from '../answer.js';
import { known, numberedPage, sizeOf } from '../parameters.js';
import type { Call, Route } from '../route.js';
import { line, linksXml, xmlDeclaration } from '../xml.js';

const root = 'CoveredRateCenters';

/** In the order of their ids. `page` is the position of the page's first rate center, as in the reference's example. */
function list(call: Call): Answer {
  const { state: sandbox, query } = call;
  if (sandbox.rateCenters.length === 0) return empty(204);
  const filters = known(query, ['state', 'abbreviation', 'name', 'lata']);
  const matching = sandbox.rateCenters.filter((each) =>
    Object.entries(filters).every(([name, value]) => each[name as keyof typeof each] === value),
  );
  const size = sizeOf(call, { root, defaultSize: 500, maxSize: 5000 });
  const { page = '1' } = query;
  if (!/^[1-9]\d{0,8}$/.test(page)) throw badRequest(root, `The page '${page}' is invalid`);
  const numbered = numberedPage(call, root, size);
  const start = numbered?.skip ?? Number(page) - 1;
  const shown = call.applyShortList(matching.slice(start, start + size));
  const i = '        ';
  const items = shown.map(
    ({ id, name, abbreviation, state, lata }) => `    <CoveredRateCenter>
${line(i, 'Name', name)}${line(i, 'Abbreviation', abbreviation)}${line(i, 'State', state)}${line(i, 'Lata', lata)}        <Tiers>
            <Tier>0</Tier>
        </Tiers>
${line(i, 'Id', id)}    </CoveredRateCenter>
`,
  );
  const links = linksXml({
    address: 'https://api.inetwork.com:443/v1.0/coveredRateCenters',
    query: filters,
    size,
    next: start + size < matching.length ? (numbered?.next ?? String(start + size + 1)) : undefined,
    raw: call.rawLinks,
  });
  return xml(
    `${xmlDeclaration}<${root}>\n    <TotalCount>${matching.length}</TotalCount>\n${links}${items.join('')}</${root}>\n`,
  );
}

export function rateCenterRoutes(): Route[] {
  return [{ method: 'GET', path: '/coveredRateCenters', root, list: true, answer: list }];
}
