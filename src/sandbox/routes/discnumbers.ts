import { type Answer, badRequest, xml } from '../answer.js';
import { canonical } from '../number-key.js';
import { dayRangeOf, known, numberedPage, sizeOf } from '../parameters.js';
import { accountOf, type Call, type Route } from '../route.js';
import { line, linksXml, xmlDeclaration } from '../xml.js';

const root = 'TNs';
const filterNames = ['startdate', 'enddate'] as const;

/** Numbers that match the filter of the request, in ascending order. */
function matching(call: Call): string[] {
  const days = dayRangeOf(call.query, { root, form: 'yy-MM-dd', together: true });
  const { from, before } = days ?? { from: Number.NEGATIVE_INFINITY, before: Number.POSITIVE_INFINITY };
  return [...accountOf(call).orderBook.open().departures]
    .flatMap(([telephoneNumber, { at }]) => (at >= from && at < before ? [telephoneNumber] : []))
    .sort();
}

/**
 * Disconnected numbers that have not returned to the account, whether `/tns` still lists them (as Aging) or not.
 * Ported-out numbers are not included. `startdate` and `enddate` (yy-MM-dd, together) filter by the date of the
 * disconnect order. Without matches: 404 with `Links`.
 */
function list(call: Call): Answer {
  const { query, state } = call;
  const account = accountOf(call);
  const size = sizeOf(call, { root, defaultSize: 300, maxSize: 5000 });
  const cursor = canonical(query.page ?? '1');
  const numbered = numberedPage(call, root, size);
  if (numbered === undefined && cursor !== '1' && !/^\+?\d{7,15}$/.test(cursor)) {
    throw badRequest(root, `The page '${cursor}' is invalid`);
  }
  const all = matching(call);
  const start = cursor === '1' ? 0 : all.findIndex((number) => number >= cursor);
  const from = numbered?.skip ?? (start < 0 ? all.length : start);
  const after = all[from + size];
  const self = state.lastPageNext === 'self' ? cursor : undefined;
  const links = (indent: string) =>
    linksXml({
      address: `http://api.qa.inetwork.com/iris/accounts/${account.id}/discNumbers`,
      query: known(query, filterNames),
      size,
      next: after === undefined ? self : (numbered?.next ?? after),
      raw: call.rawLinks,
      indent,
    });
  if (all.length === 0) {
    return xml(`${xmlDeclaration}${links('')}`, 404);
  }
  const numbers = call.applyShortList(all.slice(from, from + size));
  return xml(`<TNs>
    <TotalCount>${all.length}</TotalCount>
${links('    ')}    <TelephoneNumbers>
        <Count>${numbers.length}</Count>
${numbers.map((number) => line('        ', 'TelephoneNumber', number)).join('')}    </TelephoneNumbers>
</TNs>
`);
}

function totals(call: Call): Answer {
  return xml(`<Quantity>\n    <Count>${matching(call).length}</Count>\n</Quantity>\n`);
}

export function discNumberRoutes(): Route[] {
  const path = '/accounts/:accountId/discnumbers';
  return [
    { method: 'GET', path, root, list: true, dayForm: 'yy-MM-dd', answer: list },
    { method: 'GET', path: `${path}/totals`, root, dayForm: 'yy-MM-dd', answer: totals },
  ];
}
