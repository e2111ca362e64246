import test from 'ava';
import { nextPageCursor } from '../../src/dashboard/links.js';
import { elementAt, parseXml, XmlError } from '../../src/dashboard/xml.js';

/** The cursor of a document's `Links`, given the text between their tags. */
function cursorOf(links: string): string | undefined {
  return nextPageCursor(elementAt(parseXml(`<TNs><Links>${links}</Links></TNs>`), 'TNs.Links'));
}

const url = 'http://api.inetwork.com:443/v1.0/accounts/1/orders?page=cbdcfc94-81b1-4ce9-8b6d-f8d6b85381ba&size=3';
const escapedUrl = url.replaceAll('&', '&amp;');
const cursor = 'cbdcfc94-81b1-4ce9-8b6d-f8d6b85381ba';

const forms: Record<string, string> = {
  escaped: `<next>Link=&lt;${escapedUrl}&gt;;rel="next";</next>`,
  'escaped, on lines of its own': `<next>\n   Link=&lt;${escapedUrl}&gt;;rel="next";\n  </next>`,
  'with raw angle brackets and ampersands': `<next>Link=<${url}>;rel="next";</next>`,
  'raw, on lines of its own': `<next>\n   Link=<${url}>;rel="next";\n</next>`,
  'with raw angle brackets and escaped ampersands': `<next>Link=<${escapedUrl}>;rel="next";</next>`,
  'with escaped angle brackets and raw ampersands': `<next>Link=&lt;${url}&gt;;rel="next";</next>`,
  'inside a comment': `<next><!-- Link=<${url}>;rel="next"; --></next>`,
  'inside a comment, its colons lost': `<next>\n<!-- Link=<${url.replaceAll(':', ' ')}>;rel="next"; -->\n</next>`,
  'escaped inside a comment': `<next><!--Link=&lt;${escapedUrl}&gt;;rel="next";--></next>`,
  'with backslashes before its quotes': `<next>Link=&lt;${escapedUrl}&gt;;rel=\\"next\\";</next>`,
  'in a CDATA section': `<next><![CDATA[Link=<${url}>;rel="next";]]></next>`,
  'beside a first one': `<first>Link=<http://x/?page=1>;rel="first";</first><next>Link=<${url}>;rel="next";</next>`,
  'with comments around it': `<!-- the 'next' link --><next>Link=&lt;${escapedUrl}&gt;;rel="next";</next><!-- end -->`,
};

for (const [form, links] of Object.entries(forms)) {
  test(`the page of a next link ${form} is found`, (t) => {
    t.is(cursorOf(links), cursor);
  });
}

test('a list without a next link, or with an empty one, has no next page', (t) => {
  t.is(nextPageCursor(undefined), undefined);
  t.is(cursorOf('<first>Link=&lt;http://localhost:8080/v1.0/tns?page=1&gt;;rel="first";</first>'), undefined);
  t.is(cursorOf('<next/>'), undefined);
  t.is(cursorOf('<next>  </next>'), undefined);
});

test('a next link without a page parameter is an error, not the end of the list', (t) => {
  t.throws(() => cursorOf('<next> -- link to next page -- </next>'), {
    instanceOf: XmlError,
    message: /has no page parameter/,
  });
  t.throws(() => cursorOf('<next>Link=&lt;http://x/?size=3&gt;;rel="next";</next>'), { instanceOf: XmlError });
  t.throws(() => cursorOf('<next>Link=&lt;http://x/?page=&amp;size=3&gt;;</next>'), { instanceOf: XmlError });
  t.throws(() => cursorOf('<next><Link>http://x/?page=2</Link></next>'), { instanceOf: XmlError });
});

test('a cursor is decoded at any position among the parameters', (t) => {
  t.is(cursorOf('<next>Link=&lt;http://x/?size=3&amp;page=%2B44%2020&gt;;</next>'), '+44 20');
  t.is(cursorOf('<next>Link=&lt;http://x/?page=a+b&amp;startpage=9&gt;;</next>'), 'a b');
  t.is(cursorOf('<next>Link=&lt;http://x/?startpage=9&amp;page=7&gt;;</next>'), '7');
  t.is(cursorOf('<next>Link=&lt;http://x/?page=100%&gt;;</next>'), '100%');
});
