import type { AccountState } from '../account.js';
import type { SandboxFeatureOrder } from '../feature-orders.js';
import { hashText } from '../hash.js';
import type { FeatureResource } from '../routes/feature-orders.js';
import { line, xmlDeclaration } from '../xml.js';

const saltMember = 251;
const day = 86_400_000;

/**
 * Bulk port-ins. Their template has the subscriber's name and address, an account number, and a PIN. Numbers that fail
 * can't be ported. The reference's examples of the list omit the ID, without which an order can't be addressed: the
 * sandbox adds it.
 */
export const bulkPortins: FeatureResource = {
  segment: 'bulkPortins',
  root: 'BulkPortinResponse',
  orderType: 'bulk_port_in',
  filters: ['status'],
  pageSize: 30,
  listXml: (items, total, links) => `${xmlDeclaration}<BulkPortinResponses>
    <TotalCount>${total}</TotalCount>
${links}${items.map((item) => `    <BulkPortinResponse>\n${item}    </BulkPortinResponse>\n`).join('')}</BulkPortinResponses>
`,
  wholeListXml: (orders, total, links) => `${xmlDeclaration}<BulkPortinResponses>
    <TotalCount>${total}</TotalCount>
${links}${orders.join('')}</BulkPortinResponses>
`,
  idName: 'OrderId',
  statusOf,
  listedXml: (order, account) => `    <BulkPortinResponse>
${templateXml(order)}        <PortinList>
${membersXml(order, account)}        </PortinList>
    </BulkPortinResponse>
`,
  orderXml: (order) => `<BulkPortinResponse>
    <BulkPortin>
${templateXml(order)}    </BulkPortin>
</BulkPortinResponse>
`,
  parts: {
    tnList: ({ numbers }) => `<TnListResponse>
${tnListXml(
  'ValidTnList',
  numbers.filter(({ outcome }) => outcome !== 'FAILED'),
)}${tnListXml(
  'NonPortableTnList',
  numbers.filter(({ outcome }) => outcome === 'FAILED'),
)}</TnListResponse>
`,
    portinList: (order, account) => `<PortinListResponse>
    <PortinList>
${membersXml(order, account)}    </PortinList>
</PortinListResponse>
`,
  },
  membersOf,
};

function statusOf({ status }: SandboxFeatureOrder): string {
  return {
    RECEIVED: 'DRAFT',
    PROCESSING: 'IN_PROGRESS',
    COMPLETE: 'COMPLETE',
    PARTIAL: 'PARTIAL',
    FAILED: 'CANCELLED',
  }[status];
}

/** Some of the port-ins placed in the year before, so that they stay the same. */
function membersOf({ orderDate, orderId }: SandboxFeatureOrder, account: Pick<AccountState, 'portIns'>): string[] {
  const at = orderDate.getTime();
  return account
    .portIns()
    .filter((portIn) => portIn.orderDate.getTime() < at && portIn.orderDate.getTime() > at - 365 * day)
    .map((portIn) => portIn.orderId)
    .filter((id) => hashText(saltMember, `${orderId} ${id}`) % 3 === 0);
}

function templateXml(order: SandboxFeatureOrder): string {
  const { personal } = order;
  const i = '        ';
  const deep = `${i}        `;
  return `${line(i, 'OrderCreateDate', order.orderDate.toISOString())}${line(i, 'OrderId', order.orderId)}${line(
    i,
    'LastModifiedDate',
    order.lastModifiedDate.toISOString(),
  )}${line(i, 'CreatedByUser', order.userId)}${line(i, 'LastModifiedBy', order.userId)}${line(
    i,
    'ProcessingStatus',
    statusOf(order),
  )}${line(i, 'RequestedFocDate', new Date(order.orderDate.getTime() + 5 * day).toISOString())}${line(
    i,
    'CustomerOrderId',
    order.customerOrderId,
  )}${line(i, 'LoaAuthorizingPerson', personal.loaAuthorizingPerson)}        <Subscriber>
            <SubscriberType>RESIDENTIAL</SubscriberType>
${line(`${i}    `, 'FirstName', personal.firstName)}${line(`${i}    `, 'LastName', personal.lastName)}            <ServiceAddress>
${line(deep, 'HouseNumber', personal.houseNumber)}${line(deep, 'StreetName', personal.streetName)}                <City>Denver</City>
                <StateCode>CO</StateCode>
            </ServiceAddress>
        </Subscriber>
${line(i, 'AccountNumber', personal.accountNumber)}${line(i, 'PinNumber', personal.pinNumber)}        <TnAttributes>
            <TnAttribute>Protected</TnAttribute>
        </TnAttributes>
${line(i, 'BillingTelephoneNumber', order.numbers[0]?.telephoneNumber)}${line(i, 'SiteId', '2857')}${line(i, 'PeerId', '317771')}`;
}

function membersXml(order: SandboxFeatureOrder, account: AccountState): string {
  return membersOf(order, account)
    .map((id) => line('            ', 'PortinOrderId', id))
    .join('');
}

function tnListXml(name: string, numbers: readonly { telephoneNumber: string }[]): string {
  const lines = numbers.map(({ telephoneNumber }) => line('        ', 'TN', telephoneNumber));
  return `    <${name}>\n${lines.join('')}    </${name}>\n`;
}
