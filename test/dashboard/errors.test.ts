import test from 'ava';
import { type ApiErrorDetail, describeApiErrors, parseApiErrors } from '../../src/dashboard/errors.js';
import { parseXml } from '../../src/dashboard/xml.js';

const forms: Record<string, { text: string; errors: ApiErrorDetail[] }> = {
  ResponseStatus: {
    text: '<TelephoneNumbersAssignmentOrderResponse><ResponseStatus><ErrorCode>\n 13554\n </ErrorCode><Description>\n  Assignment action is invalid.\n </Description></ResponseStatus></TelephoneNumbersAssignmentOrderResponse>',
    errors: [{ code: '13554', description: 'Assignment action is invalid.', telephoneNumbers: [] }],
  },
  'ResponseStatus without a code': {
    text: '<ExternalTnsOrderResponse><ResponseStatus><Description>The resource does not exist</Description></ResponseStatus></ExternalTnsOrderResponse>',
    errors: [{ code: '', description: 'The resource does not exist', telephoneNumbers: [] }],
  },
  irisStatus: {
    text: '<ErrorResponse><irisStatus><Code>404</Code><Description>Results were not found.</Description></irisStatus></ErrorResponse>',
    errors: [{ code: '404', description: 'Results were not found.', telephoneNumbers: [] }],
  },
  'ErrorList/Error with numbers': {
    text: '<TelephoneNumbersResponse><ErrorList><Error><Code>15608</Code><Description>Invalid</Description><TelephoneNumbers><TelephoneNumber>111111111111</TelephoneNumber><TelephoneNumber>99999999999</TelephoneNumber></TelephoneNumbers></Error><Error><Code>15610</Code><Description>Not found</Description><TelephoneNumbers><TelephoneNumber>3172110285</TelephoneNumber></TelephoneNumbers></Error></ErrorList></TelephoneNumbersResponse>',
    errors: [
      { code: '15608', description: 'Invalid', telephoneNumbers: ['111111111111', '99999999999'] },
      { code: '15610', description: 'Not found', telephoneNumbers: ['3172110285'] },
    ],
  },
  'ErrorList/Error with one number beside its code': {
    text: '<LidbOrder><ErrorList><Error><TelephoneNumber>8888595935</TelephoneNumber><Code>11020</Code><Description>Cannot add LIDB</Description></Error></ErrorList></LidbOrder>',
    errors: [{ code: '11020', description: 'Cannot add LIDB', telephoneNumbers: ['8888595935'] }],
  },
  'Errors/Error': {
    text: '<R><Errors><Error><Code>5076</Code><Description>Not yours</Description><TelephoneNumbers><TelephoneNumber>9199918388</TelephoneNumber></TelephoneNumbers></Error></Errors></R>',
    errors: [{ code: '5076', description: 'Not yours', telephoneNumbers: ['9199918388'] }],
  },
  'repeated Errors': {
    text: '<NumberPortabilityResponse><Errors><Code>7201</Code><Description>61746052083 is not valid</Description></Errors><Errors><Code>7202</Code><Description>Nor this</Description><TelephoneNumbers><Tn>6174605208</Tn></TelephoneNumbers></Errors></NumberPortabilityResponse>',
    errors: [
      { code: '7201', description: '61746052083 is not valid', telephoneNumbers: [] },
      { code: '7202', description: 'Nor this', telephoneNumbers: ['6174605208'] },
    ],
  },
  'a bare Error': {
    text: '<R><Error><Code>1001</Code><Description>Access Denied</Description></Error></R>',
    errors: [{ code: '1001', description: 'Access Denied', telephoneNumbers: [] }],
  },
  'an Error as the root': {
    text: '<Error><Code>1001</Code><Description>Access Denied</Description></Error>',
    errors: [{ code: '1001', description: 'Access Denied', telephoneNumbers: [] }],
  },
  'an Error of text alone': {
    text: '<R><Error>Out of order</Error></R>',
    errors: [{ code: '', description: 'Out of order', telephoneNumbers: [] }],
  },
  'errors deep within a list': {
    text: '<BulkPortinResponse><PortinListErrors><PortinErrors><PortinOrderId>c3</PortinOrderId><Errors><Error><Description>Awaiting</Description><ErrorCode>7300</ErrorCode></Error></Errors></PortinErrors></PortinListErrors></BulkPortinResponse>',
    errors: [{ code: '7300', description: 'Awaiting', telephoneNumbers: [] }],
  },
  'no errors': { text: '<TnOptionOrder><ErrorList/><Errors></Errors><Tn>2018551020</Tn></TnOptionOrder>', errors: [] },
};

for (const [form, { text, errors }] of Object.entries(forms)) {
  test(`${form}: code, description, and numbers are found`, (t) => {
    t.deepEqual(parseApiErrors(parseXml(text)), errors);
  });
}

test('errors are formatted as one line', (t) => {
  t.is(
    describeApiErrors([
      { code: '5076', description: 'Not yours', telephoneNumbers: ['9199918388', '9199918389'] },
      { code: '', description: 'And more', telephoneNumbers: ['4158714245'] },
      { code: '12752', description: '', telephoneNumbers: [] },
    ]),
    '5076 Not yours (2 numbers, the first 9199918388); And more (4158714245); 12752',
  );
});
