import test from 'ava';
import { parseXml, type XmlElement } from '../../src/dashboard/xml.js';
import { withoutPersonalData } from '../../src/sync/personal-data.js';
import { orderDetails, portinDetails } from '../support/resources.js';

/** The API reference's example of a port-in, with an error that repeats personal data. */
const portin = `
  <LnpOrderResponse>
    <Errors><Code>7205</Code><Description>Telephone number is already being processed on another order</Description></Errors>
    <Errors><Code>7511</Code><Description>Account number 771297665aabc and PIN 1234 of First Last (11235 Back) do not match 12345</Description></Errors>
    <ProcessingStatus>CANCELLED</ProcessingStatus>
    <LoaAuthorizingPerson>The Authguy</LoaAuthorizingPerson>
    <Subscriber>
      <SubscriberType>BUSINESS</SubscriberType>
      <BusinessName>Pennywise Balloons</BusinessName>
      <FirstName>First</FirstName>
      <LastName>Last</LastName>
      <ServiceAddress>
        <HouseNumber>11235</HouseNumber><StreetName>Back</StreetName><City>Denver</City><StateCode>CO</StateCode><Zip>27541</Zip>
        <County>Canyon</County><Country>United States</Country><AddressType>Service</AddressType>
      </ServiceAddress>
    </Subscriber>
    <WirelessInfo><AccountNumber>771297665AABC</AccountNumber><PinNumber>1234</PinNumber></WirelessInfo>
    <wirelessinfo><ACCOUNTNUMBER>771297665AABC</ACCOUNTNUMBER><pin>1234</pin></wirelessinfo>
    <TnAttributes><TnAttribute>Protected</TnAttribute><TnAttribute>External</TnAttribute></TnAttributes>
    <ListOfPhoneNumbers><PhoneNumber>9194809871</PhoneNumber></ListOfPhoneNumbers>
    <SomethingNew><SecretWord>Rosebud</SecretWord></SomethingNew>
    <AlternateSpid>Foo</AlternateSpid>
  </LnpOrderResponse>`;

function payload(xml: string): XmlElement {
  return Object.values(parseXml(xml))[0] as XmlElement;
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

test('a port-in is stored without names, addresses, PINs and carrier account numbers', (t) => {
  const kept = withoutPersonalData(payload(portin), portinDetails.harmless);
  t.deepEqual(plain(kept), {
    Errors: [
      { Code: '7205', Description: 'Telephone number is already being processed on another order' },
      {
        Code: '7511',
        Description:
          'Account number [left out] and PIN [left out] of [left out] [left out] ([left out] [left out]) do not match 12345',
      },
    ],
    ProcessingStatus: 'CANCELLED',
    Subscriber: { SubscriberType: 'BUSINESS' },
    TnAttributes: { TnAttribute: ['Protected', 'External'] },
    ListOfPhoneNumbers: { PhoneNumber: '9194809871' },
    AlternateSpid: 'Foo',
  });
  const text = JSON.stringify(kept).toLowerCase();
  for (const word of ['771297665', '1234"', 'authguy', 'pennywise', 'back', 'denver', '27541', 'canyon', 'rosebud']) {
    t.false(text.includes(word), word);
  }
});

test('a city or state of numbers is kept, one of an address is not', (t) => {
  const kept = withoutPersonalData(
    payload(`<OrderIdUserIdDate>
      <TelephoneNumberDetails><Cities><CityWithCount><City>CARY</City><Count>1</Count></CityWithCount></Cities></TelephoneNumberDetails>
      <ServiceAddress><City>DENVER</City></ServiceAddress>
    </OrderIdUserIdDate>`),
    orderDetails.harmless,
  );
  t.deepEqual(plain(kept), { TelephoneNumberDetails: { Cities: { CityWithCount: { City: 'CARY', Count: '1' } } } });
});

test('values with regular expression characters are hidden too', (t) => {
  const kept = withoutPersonalData(
    payload(
      '<Order><PinNumber>a.b*(c]\\d-e/f</PinNumber><Description>PIN a.b*(c]\\d-e/f, not axb</Description></Order>',
    ),
    '',
  );
  t.deepEqual(plain(kept), { Description: 'PIN [left out], not axb' });
});

test('a payload without harmless elements is not stored', (t) => {
  t.is(withoutPersonalData(payload('<Order><PinNumber>1234</PinNumber><Description/></Order>'), ''), undefined);
});

test('an element that is harmless in one kind of order is dropped from another', (t) => {
  const loaType = payload('<Order><Status>COMPLETE</Status><LoaType>CARRIER</LoaType></Order>');
  t.deepEqual(plain(withoutPersonalData(loaType, 'loatype')), { Status: 'COMPLETE', LoaType: 'CARRIER' });
  t.deepEqual(plain(withoutPersonalData(loaType, orderDetails.harmless)), { Status: 'COMPLETE' });
});
