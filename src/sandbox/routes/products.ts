import { type Answer, xml } from '../answer.js';
import { accountOf, type Call, type Route } from '../route.js';

const products: ReadonlyArray<readonly [name: string, features: readonly string[]]> = [
  ['Termination', ['TermHttpVoice']],
  ['VirtualInventory', []],
  ['TollFree', []],
  ['Origination', ['CallForwarding', 'DlDa', 'CNAM', 'OrigHttpVoice']],
  ['MESSAGING', ['SMS', 'MMS', 'HTTP', 'HTTPV2', 'TollFree']],
  ['NumberManagement', ['ORDERING', 'LNP', 'EXTERNAL_TNS', 'PROTECTED_TNS', 'TN_ASSIGNMENT', 'RESERVATION', 'LSR']],
];

/** The products of the account, including `TN_ASSIGNMENT` if it can mark numbers ASSIGNED. */
function list(call: Call): Answer {
  const { mayAssign } = accountOf(call);
  const items = products.map(([name, features]) => {
    const enabled = features.filter((feature) => mayAssign || feature !== 'TN_ASSIGNMENT');
    const list = enabled.map((feature) => `                <Feature>${feature}</Feature>\n`).join('');
    return `        <Product>
            <Name>${name}</Name>
${list === '' ? '' : `            <Features>\n${list}            </Features>\n`}        </Product>
`;
  });
  return xml(`<?xml version="1.0"?>
<AccountProductsResponse>
    <Products>
${items.join('')}    </Products>
</AccountProductsResponse>
`);
}

export function productRoutes(): Route[] {
  return [{ method: 'GET', path: '/accounts/:accountId/products', root: 'AccountProductsResponse', answer: list }];
}
