import type { FeatureResource } from '../routes/feature-orders.js';
import { errorsXml, groupsOf, numbersXml } from '../routes/feature-orders.js';
import { line, xmlDeclaration } from '../xml.js';

/** Orders that change the calling name of numbers. A calling name is personal data, and the error messages repeat it. */
export const lidbs: FeatureResource = {
  segment: 'lidbs',
  root: 'LidbOrder',
  orderType: 'lidb',
  filters: [],
  listXml: (items, total) => `${xmlDeclaration}<ResponseSelectWrapper>
    <ListOrderIdUserIdDate>
        <TotalCount>${total}</TotalCount>
${items.map((item) => `        <OrderIdUserIdDate>\n${item}            <TelephoneNumberDetails/>\n        </OrderIdUserIdDate>\n`).join('')}    </ListOrderIdUserIdDate>
</ResponseSelectWrapper>
`,
  idName: 'orderId',
  orderXml(order) {
    const { businessName } = order.personal;
    const groups = groupsOf(order).map(
      (numbers, n) => `        <LidbTnGroup>
${numbersXml('            ', numbers)}${line('            ', 'SubscriberInformation', businessName)}            <UseType>${n === 0 ? 'BUSINESS' : 'RESIDENTIAL'}</UseType>
            <Visibility>PUBLIC</Visibility>
        </LidbTnGroup>
`,
    );
    return `<LidbOrder>
${line('    ', 'CustomerOrderId', order.customerOrderId)}    <orderId>${order.orderId}</orderId>
    <OrderCreateDate>${order.orderDate.toISOString()}</OrderCreateDate>
    <ProcessingStatus>${order.status}</ProcessingStatus>
${line('    ', 'CreatedByUser', order.userId)}    <LastModifiedDate>${order.lastModifiedDate.toISOString()}</LastModifiedDate>
${line('    ', 'OrderCompleteDate', order.completedDate?.toISOString())}${errorsXml(order, businessName)}    <LidbTnGroups>
${groups.join('')}    </LidbTnGroups>
</LidbOrder>
`;
  },
};
