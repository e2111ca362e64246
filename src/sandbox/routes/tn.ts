import type { AccountState } from '../account.js';
import { type Answer, badRequest, Refusal, xml } from '../answer.js';
import { writeDateWithTenths } from '../dates.js';
import { hash } from '../hash.js';
import type { NumberRow } from '../number.js';
import { keyOf, textOf } from '../number-key.js';
import { createNumberWriter, type NumberWriter } from '../number-xml.js';
import type { Call, Route } from '../route.js';
import { holderOf } from './tns.js';

const root = 'TelephoneNumberResponse';

const unknownNumber = `<ErrorResponse>
    <irisStatus>
        <Code>404</Code>
        <Description>Results were not found.</Description>
    </irisStatus>
</ErrorResponse>
`;

interface Found {
  account: AccountState;
  row: NumberRow;
}

function find(call: Call): Found {
  const telephoneNumber = call.params.tn ?? '';
  const key = keyOf(telephoneNumber);
  if (key === undefined) {
    throw badRequest(root, `Telephone number '${telephoneNumber}' is not valid`, '12512');
  }
  const account = holderOf(call.state, key);
  if (account === undefined) {
    throw new Refusal(xml(unknownNumber, 404));
  }
  return { account, row: account.inventory.row(key) };
}

/** An order id of the usual form that follows from the number. */
function orderIdOf(key: number): string {
  const digits = [81, 82, 83, 84].map((salt) => hash(salt, key).toString(16).padStart(8, '0')).join('');
  return [8, 12, 16, 20, 32].map((end, i, ends) => digits.slice(ends[i - 1] ?? 0, end)).join('-');
}

function read(call: Call): Answer {
  const { account, row } = find(call);
  const inServiceDate = row.inServiceDate === undefined ? undefined : new Date(row.inServiceDate).toISOString();
  const created = inServiceDate ?? new Date(row.lastModified).toISOString();
  return xml(`<TelephoneNumberResponse>
    <TelephoneNumber>${textOf(row.key)}</TelephoneNumber>
    <Status>${row.status}</Status>
    <LastModifiedDate>${writeDateWithTenths(row.lastModified)}</LastModifiedDate>
    <OrderCreateDate>${created}</OrderCreateDate>
    <OrderId>${orderIdOf(row.key)}</OrderId>
    <OrderType>NEW_NUMBER_ORDER</OrderType>
${inServiceDate === undefined ? '' : `    <InServiceDate>${inServiceDate}</InServiceDate>\n`}    <SiteId>479</SiteId>
    <AccountId>${account.id}</AccountId>
</TelephoneNumberResponse>
`);
}

function readDetails(call: Call, writeNumbers: NumberWriter): Answer {
  const { account, row } = find(call);
  const details = writeNumbers([{ row, accountId: account.id }])
    .toString()
    .replace('<TelephoneNumber>', '<TelephoneNumberDetails>')
    .replace('        </TelephoneNumber>', '        </TelephoneNumberDetails>')
    .replace(/(<AccountId>\s*[^<]*<\/AccountId>\n)/, `$1${detailsXml}`)
    .replaceAll(/^ {4}/gm, '');
  return xml(`<TelephoneNumberResponse>\n${details}</TelephoneNumberResponse>\n`);
}

const detailsXml = `            <Site>
                <Id>479</Id>
                <Name>site_9b08f</Name>
            </Site>
            <SipPeer>
                <PeerId>500014</PeerId>
                <PeerName>a2750fad-3</PeerName>
            </SipPeer>
            <ServiceTypes>
                <ServiceType>Voice</ServiceType>
                <ServiceType>Messaging</ServiceType>
            </ServiceTypes>
`;

export function tnRoutes(): Route[] {
  const writeNumbers = createNumberWriter();
  return [
    { method: 'GET', path: '/tns/:tn', root, answer: read },
    { method: 'GET', path: '/tns/:tn/tndetails', root, answer: (call) => readDetails(call, writeNumbers) },
  ];
}
