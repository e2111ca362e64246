import type { SandboxFeatureOrder } from '../feature-orders.js';
import type { FeatureResource } from '../routes/feature-orders.js';
import { escapeXml, line, xmlDeclaration } from '../xml.js';

/**
 * Requests to port numbers out. They have the subscriber's name and address, an account number, and a PIN. They succeed
 * or fail as a whole.
 */
export const lsrorders: FeatureResource = {
  segment: 'lsrorders',
  root: 'LsrOrder',
  orderType: 'lsr',
  filters: ['status', 'createdDateFrom', 'createdDateTo'],
  listXml: (items, total) => `${xmlDeclaration}<LsrOrders>
    <TotalCount>${total}</TotalCount>
${items.map((item) => `    <LsrOrderSummary>\n${item}    </LsrOrderSummary>\n`).join('')}</LsrOrders>
`,
  idName: 'OrderId',
  statusOf,
  moreInList: (order) =>
    `${errorsXml('Errors', 'Error', order)}${line('    ', 'CreatedByUser', order.userId)}${portXml(order)}`,
  orderXml(order, account) {
    const { personal } = order;
    const deep = '            ';
    return `<LsrOrder>
${line('    ', 'CustomerOrderId', order.customerOrderId)}    <LastModifiedBy>System</LastModifiedBy>
    <OrderCreateDate>${order.orderDate.toISOString()}</OrderCreateDate>
    <AccountId>${account}</AccountId>
    <OrderId>${order.orderId}</OrderId>
    <LastModifiedDate>${order.lastModifiedDate.toISOString()}</LastModifiedDate>
    <OrderStatus>${statusOf(order)}</OrderStatus>
    <SPID>123C</SPID>
${portXml(order)}${line('    ', 'AuthorizingPerson', personal.loaAuthorizingPerson)}    <Subscriber>
        <SubscriberType>BUSINESS</SubscriberType>
${line('        ', 'BusinessName', personal.businessName)}${line('        ', 'AccountNumber', personal.accountNumber)}${line('        ', 'PinNumber', personal.pinNumber)}        <ServiceAddress>
${line(deep, 'HouseNumber', personal.houseNumber)}${line(deep, 'StreetName', personal.streetName)}            <City>New York</City>
            <StateCode>NY</StateCode>
            <Zip>90025</Zip>
        </ServiceAddress>
    </Subscriber>
    <ListOfTelephoneNumbers>
${order.numbers.map(({ telephoneNumber }) => line('        ', 'TelephoneNumber', telephoneNumber)).join('')}    </ListOfTelephoneNumbers>
${errorsXml('LsrOrderErrors', 'LsrOrderError', order, personal.pinNumber)}    <CountOfTNs>${order.numbers.length}</CountOfTNs>
</LsrOrder>
`;
  },
};

/** A request is agreed on (FOC) before it ends, and is cancelled if some of its numbers fail. */
function statusOf({ status }: SandboxFeatureOrder): string {
  return { RECEIVED: 'PENDING', PROCESSING: 'FOC', COMPLETE: 'COMPLETE', PARTIAL: 'CANCELLED', FAILED: 'FAILED' }[
    status
  ];
}

/** The requested date is five days after the order; the actual one is the day after that. */
function portXml(order: SandboxFeatureOrder): string {
  const i = '    ';
  const dayAfter = (days: number) => new Date(order.orderDate.getTime() + days * 86_400_000).toISOString().slice(0, 10);
  const isAgreed = order.status === 'PROCESSING' || order.status === 'COMPLETE';
  return [
    line(i, 'ActualFocDate', isAgreed ? dayAfter(6) : undefined),
    line(i, 'BillingTelephoneNumber', order.numbers[0]?.telephoneNumber),
    line(i, 'Pon', `PON-${order.orderId.slice(0, 8)}`),
    line(i, 'PonVersion', 0),
    line(i, 'RequestedFocDate', dayAfter(5)),
  ].join('');
}

function errorsXml(list: string, item: string, order: SandboxFeatureOrder, quoted?: string): string {
  if (order.status !== 'FAILED') return '';
  const description = `PIN Invalid${quoted === undefined ? '' : ` (${quoted})`}`;
  return `    <${list}>
        <${item}>
            <Code>7513</Code>
            <Description>${escapeXml(description)}</Description>
        </${item}>
    </${list}>
`;
}
