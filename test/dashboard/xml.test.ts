import test from 'ava';
import { elementAt, listAt, parseXml, textAt, valueAt, XmlError } from '../../src/dashboard/xml.js';

/** What a program that reads JSON would see; parsed elements have no prototype, which `deepEqual` minds. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test('all values are trimmed strings', (t) => {
  const document = parseXml(
    '<?xml version="1.0"?><Order id="7"><Tn>\n   0012345678\n</Tn><Lata>007</Lata><Big>12345678901234567890</Big><Flag>true</Flag><Empty/><Blank>  </Blank></Order>',
  );
  t.deepEqual(plain(document), {
    Order: { Tn: '0012345678', Lata: '007', Big: '12345678901234567890', Flag: 'true', Empty: '', Blank: '' },
  });
});

test('an element is a list when it repeats or is described as one', (t) => {
  const text = '<Orders><Order><Id>1</Id><Tn>2</Tn></Order><Note>a</Note><Note>b</Note><Note>c</Note></Orders>';
  t.deepEqual(plain(parseXml(text)), { Orders: { Order: { Id: '1', Tn: '2' }, Note: ['a', 'b', 'c'] } });
  t.deepEqual(plain(parseXml(text, { lists: ['Orders.Order', 'Orders.Order.Tn'] })), {
    Orders: { Order: [{ Id: '1', Tn: ['2'] }], Note: ['a', 'b', 'c'] },
  });
});

test('entities and numeric references are decoded, once', (t) => {
  const document = parseXml(
    '<a><b>&lt;x y=&quot;1&apos;&gt; &amp;amp; &#65;&#x1F4DE;&#x20;</b><c><![CDATA[<&amp;>]]></c></a>',
  );
  t.is(textAt(document, 'a.b'), `<x y="1'> &amp; A\u{1F4DE}`);
  t.is(textAt(document, 'a.c'), '<&amp;>');
});

test('comments and processing instructions are not part of text', (t) => {
  const document = parseXml('<a><!-- one --><b>x<!-- <c>2</c> -->y</b><?php three ?></a><!-- four -->');
  t.deepEqual(plain(document), { a: { b: 'xy' } });
});

test('stray text next to elements is kept separately', (t) => {
  t.deepEqual(plain(parseXml('<Route><Nnid>1</Nnid>> <Name>USA</Name></Route>')), {
    Route: { '#text': '>', Nnid: '1', Name: 'USA' },
  });
});

test('a byte order mark and any line ends are accepted', (t) => {
  t.is(textAt(parseXml('\ufeff<?xml version="1.0"?>\r\n<a>1\r\n2\r3</a>\r\n'), 'a'), '1\n2\n3');
});

test('names of object methods are ordinary names, and prototype names are rejected', (t) => {
  const document = parseXml('<a><toString>1</toString><hasOwnProperty>2</hasOwnProperty></a>');
  t.is(textAt(document, 'a.toString'), '1');
  t.is(textAt(document, 'a.hasOwnProperty'), '2');
  t.is(valueAt(document, 'a.valueOf'), undefined);
  for (const name of ['__proto__', 'constructor', 'prototype']) {
    t.throws(() => parseXml(`<a><${name}><x>1</x></${name}></a>`), { instanceOf: XmlError }, name);
  }
  t.is(({} as Record<string, unknown>).x, undefined);
});

const declarations = [
  '<!DOCTYPE a><a/>',
  '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
  '<!doctype html><html><body/></html>',
  '<a><!ENTITY x "y"></a>',
  '<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>',
];

for (const text of declarations) {
  test(`the declaration in ${JSON.stringify(text)} is rejected`, (t) => {
    t.throws(() => parseXml(text), { instanceOf: XmlError, message: /declaration is rejected/ });
  });
}

test('a comment or CDATA section may contain text that looks like a declaration', (t) => {
  t.is(textAt(parseXml('<a><!-- <!DOCTYPE x> --><![CDATA[<!ENTITY x>]]></a>'), 'a'), '<!ENTITY x>');
});

const malformed = [
  '',
  '   ',
  'plain text',
  '{"a": 1}',
  '<?xml version="1.0"?>',
  '<a>',
  '<a><b></a></b>',
  '<a></b>',
  '<a/',
  '<a',
  '<a></a',
  '<a></a><b></b>',
  '<a/><b/>',
  '<a/><a/>',
  '<a></a>text',
  '<a/>text',
  'text<a/>',
  '<a/><![CDATA[text]]>',
  '<a>&</a>',
  '<a>&unknown;</a>',
  '<a>&amp</a>',
  '<a>&#0;</a>',
  '<a>&#xD800;</a>',
  '<a>&#x110000;</a>',
  '<a>&#12a;</a>',
  '<a>&#;</a>',
  '<a>\0</a>',
  '<a><!-- </a>',
  '<a></a><!-- ',
  '<a><![CDATA[ </a>',
  '<a><![x[ ]]></a>',
  '<a></a><?pi ',
  '<a b=c></a>',
  '<a b="1></a>',
  '<1a></1a>',
  '< a></a>',
  '<a><b</a>',
];

for (const text of malformed) {
  test(`${JSON.stringify(text)} is rejected as malformed`, (t) => {
    t.throws(() => parseXml(text), { instanceOf: XmlError, message: /not well-formed|without an end/ });
  });
}

test('a document truncated at any position is rejected', (t) => {
  const whole =
    '<?xml version="1.0"?><TNs><TotalCount>59</TotalCount><Links><first>Link=<http://x/?size=5&page=1>;rel="first";</first></Links><!-- SNIP --><a b="c"><![CDATA[x]]></a><TelephoneNumbers><TelephoneNumber>8043024183</TelephoneNumber></TelephoneNumbers></TNs>';
  t.notThrows(() => parseXml(whole));
  for (let length = 0; length < whole.length; length += 1) {
    t.throws(() => parseXml(whole.slice(0, length)), { instanceOf: XmlError }, whole.slice(0, length));
  }
});

test('documents that are too long or too deep are rejected', (t) => {
  t.throws(() => parseXml(`<a>${'x'.repeat(100)}</a>`, { maxLength: 100 }), {
    instanceOf: XmlError,
    message: /longer than the 100/,
  });
  const deep = (levels: number) => `${'<a>'.repeat(levels)}${'</a>'.repeat(levels)}`;
  t.notThrows(() => parseXml(deep(50)));
  t.throws(() => parseXml(deep(5000)), { instanceOf: XmlError, message: /nested/ });
});

test('a document with many entities is parsed', (t) => {
  t.is(textAt(parseXml(`<a>${'&amp;'.repeat(200_000)}</a>`), 'a')?.length, 200_000);
});

test('accessors distinguish present from missing elements', (t) => {
  const document = parseXml('<a><b>1</b><c><d>2</d></c><e>3</e><e>4</e><f/></a>');
  t.is(textAt(document, 'a.b'), '1');
  t.is(textAt(document, 'a.f'), '');
  t.is(textAt(document, 'a.c'), undefined);
  t.is(textAt(document, 'a.e'), undefined);
  t.is(textAt(document, 'a.b.x'), undefined);
  t.is(textAt(undefined, 'a'), undefined);
  t.is(textAt(elementAt(document, 'a.c'), 'd'), '2');
  t.is(elementAt(document, 'a.f'), undefined);
  t.deepEqual(listAt(document, 'a.e'), ['3', '4']);
  t.deepEqual(listAt(document, 'a.b'), ['1']);
  t.deepEqual(listAt(document, 'a.x'), []);
});
