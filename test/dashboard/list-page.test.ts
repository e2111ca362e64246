import test from 'ava';
import {
  type ListPage,
  type ListPageOptions,
  parseListPage,
  parseWholeListPage,
} from '../../src/dashboard/list-page.js';
import { scanItems } from '../../src/dashboard/scan-items.js';
import { encodeText, textAt, XmlError } from '../../src/dashboard/xml.js';
import fc, { cases } from '../support/fast-check.js';
import { importTnOrders, inserviceNumbers, numberDetails } from '../support/resources.js';

const options: ListPageOptions = { container: 'R.Items', item: 'Item', fields: ['Number', 'City', '#text'] };

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, entry) => (entry === undefined ? null : entry)));
}

function outcome(read: () => ListPage): unknown {
  try {
    return plain(read());
  } catch (error) {
    return error instanceof XmlError ? 'refused' : error;
  }
}

const record = `<TelephoneNumber>
    <City>CARY</City> <Lata>426</Lata><State>NC</State><FullNumber>9192381138</FullNumber>
    <Tier>0</Tier><VendorId>49</VendorId><VendorName>Bandwidth &amp; Co</VendorName><RateCenter/>
    <Status>Inservice</Status><AccountId>9900008</AccountId><OnNetVendor>true</OnNetVendor>
</TelephoneNumber>`;

test('records are values in the order of the fields, and other elements are separate', (t) => {
  const { items, document } = parseListPage(
    `<TelephoneNumbersResponse><TelephoneNumberCount>5</TelephoneNumberCount><TelephoneNumbers>${record}${record}</TelephoneNumbers></TelephoneNumbersResponse>`,
    numberDetails,
  );
  const values = [
    '9192381138',
    'CARY',
    '426',
    'NC',
    '0',
    '49',
    'Bandwidth & Co',
    '',
    'Inservice',
    '9900008',
    null,
    null,
  ];
  const item = { values, extra: { OnNetVendor: 'true' } };
  t.deepEqual(plain(items), [item, item]);
  t.deepEqual(plain(document), { TelephoneNumbersResponse: { TelephoneNumberCount: '5', TelephoneNumbers: {} } });
});

test('plain numbers are the text of their items, and other content is kept', (t) => {
  const { items, document } = parseListPage(
    '<TNs><TotalCount>59</TotalCount><TelephoneNumbers><Count>3</Count><TelephoneNumber>8043024183</TelephoneNumber>\n<TelephoneNumber> 8042121778 </TelephoneNumber><!-- SNIP --><TelephoneNumber>+33140289562</TelephoneNumber></TelephoneNumbers></TNs>',
    inserviceNumbers,
  );
  t.deepEqual(
    items.map((item) => item.values),
    [['8043024183'], ['8042121778'], ['+33140289562']],
  );
  t.is(textAt(document, 'TNs.TotalCount'), '59');
  t.is(textAt(document, 'TNs.TelephoneNumbers.Count'), '3');
});

test('children that repeat or have children are parsed into the extras', (t) => {
  const { items } = parseListPage(
    '<R><Items><Item><Number>1</Number><Site><Id>2</Id></Site><City>A</City><City>B</City></Item></Items></R>',
    options,
  );
  t.deepEqual(plain(items), [{ values: ['1', null, null], extra: { Site: { Id: '2' }, City: ['A', 'B'] } }]);
});

test('a described list inside items stays a list with a single flat element', (t) => {
  const { items } = parseListPage('<R><Items><Item><Tn>1</Tn></Item></Items></R>', {
    ...options,
    lists: ['R.Items.Item.Tn'],
  });
  t.deepEqual(plain(items), [{ values: [null, null, null], extra: { Tn: ['1'] } }]);
});

test('a missing or empty container is an empty list', (t) => {
  for (const text of [
    '<R/>',
    '<R><Count>0</Count></R>',
    '<R><Items/></R>',
    '<R><Items> </Items></R>',
    '<R><Items><Count>0</Count></Items></R>',
  ]) {
    t.deepEqual(parseListPage(text, options).items, [], text);
  }
});

test('a document without the list is rejected', (t) => {
  const refused = { instanceOf: XmlError };
  t.throws(() => parseListPage('<Other><Items><Item>1</Item></Items></Other>', options), {
    ...refused,
    message: /expected a document <R>, but it is <Other>/,
  });
  t.throws(() => parseListPage('<R><Items>none</Items></R>', options), { ...refused, message: /only text/ });
  t.throws(() => parseListPage('<R><Items><Item>1</Item></Items><Items/></R>', options), {
    ...refused,
    message: /more than once/,
  });
  t.throws(() => parseListPage(`<R>${'x'.repeat(100)}</R>`, { ...options, maxLength: 50 }), {
    ...refused,
    message: /longer/,
  });
});

test('items in a comment, a CDATA section, or another element of the name are ignored', (t) => {
  const texts = [
    '<R><!-- <Items><Item>1</Item></Items> --></R>',
    '<R><a><![CDATA[<Items><Item>1</Item></Items>]]></a></R>',
    '<R><Other><Items><Item>1</Item></Items></Other></R>',
    '<R><a x="<Items><Item>1</Item></Items>"/></R>',
    '<R><!-- <Items><Item>1</Item></Items> --><Items><tn-ledger-items/></Items></R>',
  ];
  for (const text of texts) {
    t.deepEqual(parseListPage(text, options).items, [], text);
  }
});

const text = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '9192381138',
      'CARY',
      '',
      ' ',
      '\n x \r\n',
      'a&amp;b',
      '&#x41;',
      '&#32;x',
      '\u00a0',
      'Link=',
      'a>b',
      ']]>',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }).map(encodeText) },
);
const space = fc.constantFrom('', '', '', ' ', '\n    ', '\r\n', '\t');
const childName = fc.constantFrom('Number', 'City', 'Tn', 'a.b', 'x-y', 'toString', 'Item', 'Items');
const leaf = fc.tuple(childName, text, space).map(([name, content, after]) => `<${name}>${content}</${name}>${after}`);
const selfClosing = fc.tuple(childName, space).map(([name, gap]) => `<${name}${gap.replace('\t', ' ')}/>`);
const oddity = fc.constantFrom(
  '<Site><Id>1</Id></Site>',
  '<City x="1">A</City>',
  '<City >A</City>',
  '<City>A</City >',
  '<!-- note -->',
  '<!-- <Item>1</Item> -->',
  '<![CDATA[ <x> ]]>',
  '<City>a<!-- -->b</City>',
  '<City><![CDATA[<]]></City>',
  '<?pi x?>',
  '<tn-ledger-items/>',
  '<__proto__>1</__proto__>',
  '<constructor>1</constructor>',
  '&bad;',
  '&',
  'text',
  '>',
  '<',
  '</Item>',
  '<Items>',
  '<!DOCTYPE x>',
  '\0',
);
const child = fc.oneof(
  { weight: 12, arbitrary: leaf },
  { weight: 2, arbitrary: selfClosing },
  { weight: 1, arbitrary: oddity },
);
const flatItem = fc
  .tuple(
    space,
    fc.uniqueArray(fc.constantFrom('Number', 'City', 'Tn', 'a.b'), { maxLength: 4 }),
    fc.array(text, { minLength: 4, maxLength: 4 }),
    space,
  )
  .map(([before, names, texts, after]) => {
    const children = names.map((name, index) => `<${name}>${texts[index]}</${name}>${before}`).join('');
    return `<Item>${before}${children}</Item>${after}`;
  });
/** Elements within elements, as the summaries of orders have them. */
const { nested } = fc.letrec<{ nested: string; inner: string }>((tie) => ({
  inner: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, selfClosing, tie('nested')),
  nested: fc
    .tuple(childName, space, fc.array(fc.tuple(tie('inner'), space), { maxLength: 3 }))
    .map(([name, before, children]) => `<${name}>${before}${children.map((pair) => pair.join('')).join('')}</${name}>`),
}));
const nestedItem = fc
  .tuple(space, fc.array(fc.oneof(leaf, nested), { maxLength: 4 }), space)
  .map(([before, children, after]) => `<Item>${before}${children.join('')}</Item>${after}`);
const anyItem = fc.oneof(
  { weight: 4, arbitrary: nestedItem },
  { weight: 6, arbitrary: flatItem },
  { weight: 3, arbitrary: text.map((content) => `<Item>${content}</Item>`) },
  { weight: 2, arbitrary: fc.array(child, { maxLength: 5 }).map((children) => `<Item>${children.join('')}</Item>`) },
  { weight: 1, arbitrary: fc.constantFrom('<Item/>', '<Item x="1">2</Item>', '<Item >1</Item>') },
);
const between = fc.oneof({ weight: 10, arbitrary: space }, { weight: 1, arbitrary: child });
const links = fc.constantFrom(
  '',
  '<Links><next>Link=&lt;http://x/?page=2&amp;size=3&gt;;rel="next";</next></Links>',
  '<Links><next>Link=<http://x/?size=3&page=2>;rel="next";</next></Links>',
  '<Links><next><!-- Link=<http://x/?page=2>;rel="next"; --></next></Links>',
  '<!-- Link=',
  '<a x="Link=<http://',
);
const document = fc
  .tuple(links, between, fc.array(fc.tuple(anyItem, between), { maxLength: 6 }), between, links)
  .map(([head, first, items, last, tail]) => {
    const list = items.map(([item, gap]) => item + gap).join('');
    return `<?xml version="1.0"?><R>${head}<Items>${first}${list}</Items>${last}${tail}</R>`;
  });
/** What a document may suffer on its way. */
const damage = fc.oneof(
  { weight: 4, arbitrary: fc.constant((whole: string) => whole) },
  { weight: 3, arbitrary: fc.nat().map((n) => (whole: string) => whole.slice(0, n % (whole.length + 1))) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(), fc.nat(6)).map(([n, length]) => (whole: string) => {
      const at = n % (whole.length + 1);
      return whole.slice(0, at) + whole.slice(at + length);
    }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(), oddity).map(([n, inserted]) => (whole: string) => {
      const at = n % (whole.length + 1);
      return whole.slice(0, at) + inserted + whole.slice(at);
    }),
  },
);

/** So that wanted elements also come by other names, and by two at once. */
const aliased = { ...options, aliases: { Tn: 'Number', 'a.b': 'City' } };

test('the scanner accepts the same documents as the XML parser, with the same result', (t) => {
  const { numRuns } = cases({ test: 1000, soak: 6000 });
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(document, damage, (whole, suffer) => {
      const given = suffer(whole);
      const expected = outcome(() => parseWholeListPage(given, aliased));
      accepted += expected === 'refused' ? 0 : 1;
      refused += expected === 'refused' ? 1 : 0;
      t.deepEqual(
        outcome(() => parseListPage(given, aliased)),
        expected,
        given,
      );
    }),
    { numRuns },
  );
  // The property is worth something only where both happen.
  t.true(accepted > numRuns / 12 && refused > numRuns / 12, `${accepted} accepted, ${refused} refused`);
});

test('a field is read by any of its names; a different text under another name is kept', (t) => {
  const page = (item: string) => `<R><Items>${item}</Items></R>`;
  const [first, second, third] = [
    '<Item><Tn>1</Tn><City>x</City></Item>',
    '<Item><Number>1</Number><Tn>2</Tn></Item>',
    '<Item><Tn>2</Tn><Number>1</Number></Item>',
  ].map((item) => parseListPage(page(item), aliased).items[0]);
  t.deepEqual(first?.values.slice(0, 2), ['1', 'x']);
  t.is(first?.extra, undefined);
  t.is(second?.values[0], '1');
  t.is(second?.extra?.Tn, '2');
  t.is(third?.values[0], '2');
  t.is(third?.extra?.Number, '1');
});

test('a field with the same text under several names is filled once, without extras', (t) => {
  for (const item of [
    '<Item><Number>1</Number><Tn>1</Tn><City>x</City></Item>',
    '<Item><Tn> 1 </Tn><Number>1</Number><Number>1</Number><a.b>x</a.b></Item>',
    '<Item><Tn/><Number>1</Number><City>x</City><a.b></a.b></Item>',
    '<Item><Number/><Number>1</Number><Tn>1</Tn><City>x</City></Item>',
  ]) {
    for (const read of [parseListPage, parseWholeListPage]) {
      t.deepEqual(
        read(`<R><Items>${item}</Items></R>`, aliased).items,
        [{ values: ['1', 'x', undefined], extra: undefined }],
        item,
      );
    }
  }
});

test('flat pages are scanned completely, with any white space and entities', (t) => {
  fc.assert(
    fc.property(fc.array(flatItem, { minLength: 1, maxLength: 8 }), (items) => {
      const list = items.join('').replace(/\r\n?/g, '\n');
      const scanned = scanItems(`<Items>${list}</Items>`, '<Items>'.length, options);
      t.is(scanned?.items.length, items.length);
      t.is(scanned?.end, '<Items>'.length + list.length);
    }),
    cases({ test: 100, soak: 300 }),
  );
});

test('items with nested elements are scanned too', (t) => {
  fc.assert(
    fc.property(fc.array(nestedItem, { minLength: 1, maxLength: 8 }), (items) => {
      const list = items.join('').replace(/\r\n?/g, '\n');
      const scanned = scanItems(`<Items>${list}</Items>`, '<Items>'.length, options);
      t.is(scanned?.end, '<Items>'.length + list.length, list);
    }),
    cases({ test: 100, soak: 300 }),
  );
});

test('entries nested in an element of the same name are read, and mere wrappers are not', (t) => {
  const entry = (id: number, more = '') =>
    `<ImportTnOrderSummary><OrderId>${id}</OrderId>${more}</ImportTnOrderSummary>`;
  const wrapped = (...entries: string[]) => `<ImportTnOrderSummary>\n${entries.join('')}</ImportTnOrderSummary>`;
  const page = (...entries: string[]) =>
    `<ImportTnOrders><TotalCount>9</TotalCount>${entries.join('\n')}</ImportTnOrders>`;
  const ids = (text: string) => {
    const { items } = parseListPage(text, importTnOrders);
    t.deepEqual(plain(parseWholeListPage(text, importTnOrders).items), plain(items));
    t.true(items.every(({ extra }) => extra === undefined));
    return items.map(({ values }) => values[0]);
  };
  t.deepEqual(ids(page(wrapped(entry(1)), wrapped(entry(2)))), ['1', '2']);
  t.deepEqual(ids(page(entry(1), wrapped(entry(2), entry(3)), wrapped(wrapped(entry(4))))), ['1', '2', '3', '4']);
  t.deepEqual(ids(page(entry(1, entry(2)))), ['1', '2']);
});

test('elements nested deeper than in the API are left to the XML parser', (t) => {
  const deep = (levels: number) => `<Item>${'<a>'.repeat(levels)}${'</a>'.repeat(levels)}</Item>`;
  t.is(scanItems(`${deep(10)}</Items>`, 0, options)?.items.length, 1);
  t.is(scanItems(`${deep(40)}</Items>`, 0, options), undefined);
  t.is(parseListPage(`<R><Items>${deep(40)}</Items></R>`, options).items.length, 1);
  t.throws(() => parseListPage(`<R><Items>${deep(100)}</Items></R>`, options), { instanceOf: XmlError });
});

test('the content written to a page is read back', (t) => {
  const value = fc.string({ unit: 'grapheme', maxLength: 12 });
  const rows = fc.array(fc.record({ Number: value, City: value, Other: value }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(rows, (written) => {
      const list = written.map((row) => {
        const children = Object.entries(row).map(([name, content]) => `<${name}>${encodeText(content)}</${name}>`);
        return `<Item>${children.join('')}</Item>`;
      });
      const { items } = parseListPage(`<R><Items>${list.join('\n')}</Items></R>`, options);
      const read = items.map(({ values, extra }) => ({ Number: values[0], City: values[1], Other: extra?.Other }));
      const clean = (content: string) => content.replace(/\r\n?/g, '\n').trim();
      t.deepEqual(
        read,
        written.map((row) => ({ Number: clean(row.Number), City: clean(row.City), Other: clean(row.Other) })),
      );
    }),
    cases({ test: 150, soak: 500 }),
  );
});

test('items with many different shapes are read', (t) => {
  const list = Array.from({ length: 200 }, (_, n) => `<Item><Number>${n}</Number><f${n}>x</f${n}></Item>`);
  const { items } = parseListPage(`<R><Items>${list.join('')}</Items></R>`, options);
  t.deepEqual(
    items.map((item) => item.values[0]),
    Array.from({ length: 200 }, (_, n) => String(n)),
  );
  t.is(items[199]?.extra?.f199, 'x');
});
