import { isForEndpoints, type SandboxFeatureOrder } from '../feature-orders.js';
import type { FeatureResource } from '../routes/feature-orders.js';
import { errorsXml, numbersXml } from '../routes/feature-orders.js';
import { line, xmlDeclaration } from '../xml.js';

/** Orders that set the emergency address of numbers or endpoints. The address and the caller name are personal data. */
export const e911s: FeatureResource = {
  segment: 'e911s',
  root: 'E911Order',
  orderType: 'e911',
  filters: ['status', 'customerOrderId', 'createdDateFrom', 'createdDateTo'],
  listXml: (items, total) => `${xmlDeclaration}<E911Orders>
    <TotalCount>${total}</TotalCount>
${items.map((item) => `    <E911OrderSummary>\n${item}    </E911OrderSummary>\n`).join('')}</E911Orders>
`,
  wholeListXml: (orders, total) =>
    `${xmlDeclaration}<E911Orders>\n    <TotalCount>${total}</TotalCount>\n${orders.join('')}</E911Orders>\n`,
  idName: 'OrderId',
  statusOf,
  hasNumbers,
  orderXml(order, account) {
    const { businessName, houseNumber, streetName } = order.personal;
    const named = hasNumbers(order)
      ? `${numbersXml(
          '    ',
          order.numbers.map(({ telephoneNumber }) => telephoneNumber),
        )}${errorsXml(order, businessName)}`
      : `${endpointsXml(order)}    <ErrorList/>\n`;
    return `<E911Order>
    <OrderCreateDate>${order.orderDate.toISOString()}</OrderCreateDate>
    <AccountId>${account}</AccountId>
${line('    ', 'CreatedByUser', order.userId)}    <OrderId>${order.orderId}</OrderId>
    <LastModifiedDate>${order.lastModifiedDate.toISOString()}</LastModifiedDate>
    <Address>
${line('        ', 'HouseNumber', houseNumber)}${line('        ', 'StreetName', streetName)}        <City>RALEIGH</City>
        <StateCode>NC</StateCode>
        <Zip>27606</Zip>
        <PlusFour></PlusFour>
        <Country>United States</Country>
    </Address>
${line('    ', 'CallerName', businessName)}${line('    ', 'CustomerOrderId', order.customerOrderId)}    <ProcessingStatus>${statusOf(order)}</ProcessingStatus>
${named}</E911Order>
`;
  },
};

/** About half of the orders that succeeded say that the address was adjusted. */
function statusOf(order: SandboxFeatureOrder): string {
  const succeeded = order.status === 'COMPLETE' || order.status === 'PARTIAL';
  return succeeded && Number.parseInt(order.orderId.slice(-1), 16) < 8 ? `ADJUSTED_${order.status}` : order.status;
}

function hasNumbers(order: SandboxFeatureOrder): boolean {
  return !isForEndpoints('e911s', order);
}

function endpointsXml({ numbers, personal }: SandboxFeatureOrder): string {
  const endpoints = numbers.map(
    ({ telephoneNumber }) => `        <AlternateEndUserIdentifier>
            <PIDFLOEnabled>true</PIDFLOEnabled>
            <Identifier>${personal.accountNumber}</Identifier>
            <CallbackNumber>${telephoneNumber}</CallbackNumber>
            <CallerName>${personal.lastName}</CallerName>
            <PreferredLanguage>en</PreferredLanguage>
        </AlternateEndUserIdentifier>
`,
  );
  return `    <AlternateEndUserIdentifiers>\n${endpoints.join('')}    </AlternateEndUserIdentifiers>\n`;
}
