import { type Answer, xml } from '../answer.js';
import { accountOf, type Call, type Route } from '../route.js';
import { xmlDeclaration } from '../xml.js';

function readAccount(call: Call): Answer {
  return xml(`${xmlDeclaration}<AccountResponse>
    <Account>
        <AccountId>${accountOf(call).id}</AccountId>
        <AssociatedCatapultAccount>u-ertyhgfd12dcvdhnboklk</AssociatedCatapultAccount>
        <GlobalAccountNumber>globalAccount</GlobalAccountNumber>
        <CompanyName>Sandbox Telephone Company</CompanyName>
        <AccountType>Business</AccountType>
        <NenaId></NenaId>
        <CustomerSegment>Trial</CustomerSegment>
        <Tiers>
            <Tier>0</Tier>
        </Tiers>
        <Address>
            <HouseNumber>904</HouseNumber>
            <HouseSuffix>E</HouseSuffix>
            <PreDirectional></PreDirectional>
            <StreetName>Anson</StreetName>
            <StreetSuffix>St</StreetSuffix>
            <PostDirectional></PostDirectional>
            <AddressLine2></AddressLine2>
            <City>Marshalltown</City>
            <StateCode>IA</StateCode>
            <Zip>50158</Zip>
            <PlusFour></PlusFour>
            <County></County>
            <Country>United States</Country>
            <AddressType>Billing</AddressType>
        </Address>
        <Contact>
            <FirstName>Sam</FirstName>
            <LastName>Sandbox</LastName>
            <Phone>9195551234</Phone>
            <Email>sam@sandbox.example</Email>
        </Contact>
        <AltSpid>X455</AltSpid>
        <SPID>9999</SPID>
        <PortCarrierType>WIRELINE</PortCarrierType>
    </Account>
</AccountResponse>
`);
}

export function accountRoutes(): Route[] {
  return [{ method: 'GET', path: '/accounts/:accountId', root: 'AccountResponse', answer: readAccount }];
}
