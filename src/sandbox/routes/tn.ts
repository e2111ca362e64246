import type { AccountState } from '../account.js';
import { type Answer, badRequest, Refusal, xml } from '../answer.js';
import { writeDateWithTenths } from '../dates.js';
import type { NumberRow } from '../number.js';
import { keyOf, textOf } from '../number-key.js';
import { createNumberWriter, type NumberWriter } from '../number-xml.js';
import type { Call, Route } from '../route.js';
import { line } from '../xml.js';
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

interface SourceOrder {
  orderId: string;
  orderDate: Date;
  type: string;
}

/** The order that added a number, the last one if there are several; undefined if there is none. */
function sourceOrderOf({ orderBook }: AccountState, telephoneNumber: string): SourceOrder | undefined {
  const { orders, portins } = orderBook.open().lists;
  const order = orders.all.find(({ numbers }) =>
    numbers.some((number) => number.telephoneNumber === telephoneNumber && number.outcome === 'COMPLETED'),
  );
  const portIn = portins.all.find(({ status, numbers }) => status === 'COMPLETE' && numbers.includes(telephoneNumber));
  const sourceOrders: SourceOrder[] = [
    ...(order === undefined ? [] : [{ ...order, type: 'NEW_NUMBER_ORDER' }]),
    // The reference has no order type for ported-in numbers.
    ...(portIn === undefined ? [] : [{ ...portIn, type: 'PORT_IN_ORDER' }]),
  ];
  return sourceOrders.toSorted((one, other) => other.orderDate.getTime() - one.orderDate.getTime())[0];
}

/** A number and the order that added it, if any. */
function read(call: Call): Answer {
  const { account, row } = find(call);
  const sourceOrder = sourceOrderOf(account, textOf(row.key));
  const inServiceDate = row.inServiceDate === undefined ? undefined : new Date(row.inServiceDate).toISOString();
  return xml(`<TelephoneNumberResponse>
    <TelephoneNumber>${textOf(row.key)}</TelephoneNumber>
    <Status>${row.status}</Status>
    <LastModifiedDate>${writeDateWithTenths(row.lastModified)}</LastModifiedDate>
${line('    ', 'OrderCreateDate', sourceOrder?.orderDate.toISOString())}${line('    ', 'OrderId', sourceOrder?.orderId)}${line(
  '    ',
  'OrderType',
  sourceOrder?.type,
)}${line('    ', 'InServiceDate', inServiceDate)}    <SiteId>479</SiteId>
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
    .replace(
      /(<AccountId>\s*[^<]*<\/AccountId>\n)/,
      `$1${detailsXml}${account.orderBook.open().imported.has(textOf(row.key)) ? importedXml : ''}`,
    )
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

const importedXml = `            <TnAttributes>
                <TnAttribute>Imported</TnAttribute>
            </TnAttributes>
`;

export function tnRoutes(): Route[] {
  const writeNumbers = createNumberWriter();
  return [
    { method: 'GET', path: '/tns/:tn', root, answer: read },
    { method: 'GET', path: '/tns/:tn/tndetails', root, answer: (call) => readDetails(call, writeNumbers) },
  ];
}
