import type { FeatureResource } from '../routes/feature-orders.js';
import { errorsXml, groupsOf, numbersXml } from '../routes/feature-orders.js';
import { line, xmlDeclaration } from '../xml.js';

/** Orders that set line features of numbers. They include forwarding targets, which are personal data. */
export const tnoptions: FeatureResource = {
  segment: 'tnoptions',
  root: 'TnOptionOrder',
  orderType: 'tn_option',
  filters: ['status', 'customerOrderId', 'createdDateFrom', 'createdDateTo'],
  listXml: (items, total) => `${xmlDeclaration}<TnOptionOrders>
    <TotalCount>${total}</TotalCount>
${items.map((item) => `    <TnOptionOrderSummary>\n${item}    </TnOptionOrderSummary>\n`).join('')}</TnOptionOrders>
`,
  wholeListXml: (orders, total) =>
    `${xmlDeclaration}<TnOptionOrders>\n    <TotalCount>${total}</TotalCount>\n${orders.join('')}</TnOptionOrders>\n`,
  idName: 'OrderId',
  orderXml(order, account) {
    const groups = groupsOf(order).map(
      (numbers, n) => `        <TnOptionGroup>
${line('            ', 'NumberFormat', n === 0 ? '10digit' : undefined)}${line('            ', 'RewriteUser', n === 0 ? order.personal.firstName : undefined)}            <CallingNameDisplay>on</CallingNameDisplay>
            <Protected>true</Protected>
            <Sms>off</Sms>
${line('            ', 'FinalDestinationURI', n === 0 ? `${order.personal.lastName}@192.0.2.4:5060` : undefined)}${numbersXml('            ', numbers)}        </TnOptionGroup>
`,
    );
    return `<TnOptionOrder>
${line('    ', 'CustomerOrderId', order.customerOrderId)}    <OrderCreateDate>${order.orderDate.toISOString()}</OrderCreateDate>
    <AccountId>${account}</AccountId>
${line('    ', 'CreatedByUser', order.userId)}    <OrderId>${order.orderId}</OrderId>
    <LastModifiedDate>${order.lastModifiedDate.toISOString()}</LastModifiedDate>
    <ProcessingStatus>${order.status}</ProcessingStatus>
    <TnOptionGroups>
${groups.join('')}    </TnOptionGroups>
${errorsXml(order)}</TnOptionOrder>
`;
  },
};
