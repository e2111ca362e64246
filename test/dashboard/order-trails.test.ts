import test from 'ava';
import { parseTrail } from '../../src/dashboard/order-trails.js';
import { XmlError } from '../../src/dashboard/xml.js';

const history = {
  root: 'OrderHistoryWrapper',
  item: 'OrderHistory',
  fields: ['OrderDate', 'Note', 'Author', 'Status', 'Difference'],
};

const wrapped = (content: string) => `<OrderHistoryWrapper>${content}</OrderHistoryWrapper>`;

test('a history has its events in order, also if there is only one, whatever the case of names', (t) => {
  const one = '<OrderHistory><OrderDate>2026-01-02T03:04:05.678Z</OrderDate><note> a\n </note></OrderHistory>';
  const two = '<OrderHistory><Status>FOC</Status><Difference>A : 0 --&gt; 1</Difference><New>x</New></OrderHistory>';
  const none = { OrderDate: [], Note: [], Author: [], Status: [], Difference: [] };
  const first = { ...none, OrderDate: ['2026-01-02T03:04:05.678Z'], Note: ['a'] };
  const read = (content: string) =>
    (parseTrail(wrapped(content), history) as { texts: object; rest: object }[]).map(({ texts, rest }) => ({
      texts,
      rest: { ...rest },
    }));
  t.deepEqual(read(one), [{ texts: first, rest: {} }]);
  t.deepEqual(read(one + two), [
    { texts: first, rest: {} },
    { texts: { ...none, Status: ['FOC'], Difference: ['A : 0 --> 1'] }, rest: { New: 'x' } },
  ]);
  t.deepEqual(read(''), []);
});

test('the answer for drafts means that there is no history', (t) => {
  const draft = '<IrisStatus><Code>7710</Code><Description>Not supported.</Description></IrisStatus>';
  t.is(parseTrail(wrapped(draft), history), 'unsupported');
});

test('other documents and errors are not histories', (t) => {
  t.throws(() => parseTrail('<Notes/>', history), { instanceOf: XmlError, message: /<OrderHistoryWrapper>/ });
  const error = '<IrisStatus><Code>500</Code><Description>Failed.</Description></IrisStatus>';
  t.throws(() => parseTrail(wrapped(error), history), { instanceOf: XmlError, message: /errors/ });
  t.throws(() => parseTrail('<OrderHistoryWrapper><OrderHistory>', history), { instanceOf: XmlError });
});
