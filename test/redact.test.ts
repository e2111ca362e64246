import test from 'ava';
import { createRedactor } from '../src/redact.js';

const redact = createRedactor(['p@ss/w "ord', 'longer-p@ss/w "ord-still', 'abc']);

test('a secret is replaced as written, percent-encoded, as base64, and as JSON writes it', (t) => {
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

test('of secrets that contain one another the longer goes first, so that nothing of it stays', (t) => {
  t.is(redact('<longer-p@ss/w "ord-still>'), '<[secret]>');
});

test('Authorization headers are replaced whatever they hold', (t) => {
  t.is(redact('authorization: Bearer eyJhbGciOi.J9-_x~'), 'authorization: Bearer [secret]');
  t.is(redact(`Basic ${Buffer.from('user:unknown').toString('base64')}`), 'Basic [secret]');
});

test('a secret too short to be told from ordinary text is left alone', (t) => {
  t.is(redact('abc of the alphabet'), 'abc of the alphabet');
});

test('without secrets, text passes unchanged', (t) => {
  t.is(createRedactor([])('Basic credentials are a pair'), 'Basic [secret] are a pair');
  t.is(createRedactor([''])('nothing to hide'), 'nothing to hide');
});
