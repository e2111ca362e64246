import type { FeatureResource } from '../routes/feature-orders.js';
import { errorsXml, groupsOf, numbersXml } from '../routes/feature-orders.js';
import { line, xmlDeclaration } from '../xml.js';

/** Orders that set directory listings of numbers: a name and an address, both personal data. */
export const dldas: FeatureResource = {
  segment: 'dldas',
  root: 'DldaOrderResponse',
  orderType: 'dlda',
  filters: [],
  listXml: (items, total) => `${xmlDeclaration}<ResponseSelectWrapper>
    <ListOrderIdUserIdDate>
        <TotalCount>${total}</TotalCount>
${items.map((item) => `        <OrderIdUserIdDate>\n${item}        </OrderIdUserIdDate>\n`).join('')}    </ListOrderIdUserIdDate>
</ResponseSelectWrapper>
`,
  idName: 'orderId',
  orderXml(order, account) {
    const { firstName, lastName, houseNumber, streetName } = order.personal;
    const deep = '                ';
    const groups = groupsOf(order).map(
      (numbers, n) => `        <DldaTnGroup>
${numbersXml('            ', numbers)}            <AccountType>${n === 0 ? 'BUSINESS' : 'RESIDENCE'}</AccountType>
            <ListingType>LISTED</ListingType>
            <ListingName>
${line(deep, 'FirstName', firstName)}${line(deep, 'FirstName2', '')}${line(deep, 'LastName', lastName)}            </ListingName>
            <ListAddress>true</ListAddress>
            <Address>
${line(deep, 'HouseNumber', houseNumber)}${line(deep, 'StreetName', streetName)}                <City>New York</City>
                <StateCode>NY</StateCode>
                <Zip>10007</Zip>
                <AddressType>Dlda</AddressType>
            </Address>
        </DldaTnGroup>
`,
    );
    return `<DldaOrderResponse>
<DldaOrder>
${line('    ', 'CustomerOrderId', order.customerOrderId)}    <OrderCreateDate>${order.orderDate.toISOString()}</OrderCreateDate>
    <AccountId>${account}</AccountId>
${line('    ', 'CreatedByUser', order.userId)}    <OrderId>${order.orderId}</OrderId>
    <LastModifiedDate>${order.lastModifiedDate.toISOString()}</LastModifiedDate>
${errorsXml(order, lastName)}    <ProcessingStatus>${order.status}</ProcessingStatus>
    <DldaTnGroups>
${groups.join('')}    </DldaTnGroups>
</DldaOrder>
</DldaOrderResponse>
`;
  },
};
