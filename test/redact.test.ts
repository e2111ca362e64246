import test from 'ava';
import { createRedactor } from '../src/redact.js';
import fc from './support/fast-check.js';

const redact = createRedactor(['p@ss/w "ord', 'longer-p@ss/w "ord-still', 'abc']);

test('a secret is replaced as is, percent-encoded, base64-encoded and JSON-escaped', (t) => {
  const secret = 'p@ss/w "ord';
  for (const form of [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    JSON.stringify(secret).slice(1, -1),
  ]) {
    t.is(redact(`before ${form} after ${form}`), 'before [secret] after [secret]');
  }
});

test('when one secret contains another, the longer one is replaced first', (t) => {
  t.is(redact('<longer-p@ss/w "ord-still>'), '<[secret]>');
});

test('Authorization headers are always redacted', (t) => {
  t.is(redact('authorization: Bearer eyJhbGciOi.J9-_x~'), 'authorization: Bearer [secret]');
  t.is(redact(`Basic ${Buffer.from('user:unknown').toString('base64')}`), 'Basic [secret]');
});

test('a secret too short to distinguish from ordinary text is not replaced', (t) => {
  t.is(redact('abc of the alphabet'), 'abc of the alphabet');
});

test('without secrets, text is unchanged', (t) => {
  t.is(createRedactor([])('Basic credentials are a pair'), 'Basic credentials are a pair');
  t.is(createRedactor([''])('nothing to hide'), 'nothing to hide');
});

test('ordinary words after Basic and Bearer are unchanged', (t) => {
  for (const sentence of [
    'Basic authentication, which Bandwidth is retiring',
    'BANDWIDTH_USERNAME and BANDWIDTH_PASSWORD are Basic credentials.',
    'a Bearer token, basic authentication/authorization, and BASIC AUTHENTICATION',
    'Basic auth is not a bearer certificate...',
  ]) {
    t.is(redact(sentence), sentence);
  }
});

test('credentials are replaced after Basic and Bearer, in headers, and anywhere as JWTs', (t) => {
  t.is(redact('Bearer 0123456789abcdef'), 'Bearer [secret]');
  t.is(redact('basic dXNlcjpwYXNz'), 'basic [secret]');
  t.is(redact('{"authorization":"Basic words","x":1}'), '{"authorization":"Basic [secret]","x":1}');
  t.is(redact('{"header":"Bearer words"}'), '{"header":"Bearer [secret]"}');
  t.is(redact('Proxy-Authorization: bearer token'), 'Proxy-Authorization: bearer [secret]');
  t.is(redact('token=eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2ln!'), 'token=[secret]!');
});

test('headers are redacted in every spelling, however short their value', (t) => {
  t.is(redact('authorization: Basic abc'), 'authorization: Basic [secret]');
  t.is(redact('Proxy-Authorization:basic abc'), 'Proxy-Authorization:basic [secret]');
  t.is(redact("authorization = 'Basic   abc'"), "authorization = 'Basic [secret]'");
  t.is(redact('{"authorization" : "Bearer abc"}'), '{"authorization" : "Bearer [secret]"}');
  t.is(redact("'Basic   abc'"), "'Basic [secret]'");
  t.is(redact('Bearer   0123456789abcdef'), 'Bearer [secret]');
  t.is(redact('eyJhbGciOiJub25lIn0.eyJhIjoxfQ'), '[secret]');
});

test('ordinary words with hyphens and slashes are unchanged, in any case', (t) => {
  for (const text of ['Basic Single-Sign-On', 'Basic AUTH/OAUTH', 'Bearer token-OAUTH/Flow']) t.is(redact(text), text);
});

test('the shortest secret that is replaced has four characters', (t) => {
  t.is(createRedactor(['wxyz'])('<wxyz>'), '<[secret]>');
});

const word = fc.stringMatching(/^[A-Z]?[a-z]{1,14}$/);
const sentence = fc
  .array(fc.oneof(word, fc.constantFrom('Basic', 'Bearer', 'credentials', 'API-user', 'and/or')), {
    minLength: 1,
    maxLength: 12,
  })
  .map((parts) => `${parts.join(' ')}.`);

test('property: a sentence of ordinary words is unchanged', (t) => {
  fc.assert(fc.property(sentence, (text) => t.is(createRedactor(['Tr0ub4dor&3-secret'])(text), text)));
  t.pass();
});

test('property: no form of a known secret survives, alone, in a header or inside longer base64', (t) => {
  const secret = fc.string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 40 });
  const around = fc.string({ unit: 'grapheme-ascii', maxLength: 12 });
  fc.assert(
    fc.property(secret, around, around, sentence, (known, before, after, text) => {
      const clean = createRedactor([known]);
      const pair = Buffer.from(`${before}${known}${after}`);
      const forms = [
        known,
        encodeURIComponent(known),
        JSON.stringify(known).slice(1, -1),
        Buffer.from(known).toString('base64'),
      ];
      for (const form of forms) t.false(clean(`${text} ${form} ${text}`).includes(form), form);
      for (const encoding of ['base64', 'base64url'] as const) {
        const encoded = pair.toString(encoding);
        for (const place of [encoded, `Basic ${encoded}`, `"authorization":"Basic ${encoded}"`]) {
          // At either end, a byte of the secret can share a character with its neighbor; up to that much may remain.
          const start = Math.ceil((Buffer.byteLength(before) * 8) / 6);
          const end = Math.floor((Buffer.byteLength(before + known) * 8) / 6);
          const inner = encoded.slice(start, end);
          t.false(clean(place).includes(inner), place);
        }
      }
    }),
  );
});
