import test from 'ava';
import { UsageError } from '../src/errors.js';
import { findNamed } from '../src/nearest.js';

const jobs = ['sync-orders', 'sync-portins', 'nightly'].map((name) => ({ name }));

test('an item is found by its name', (t) => {
  t.is(findNamed(jobs, 'nightly', 'job').name, 'nightly');
});

test('for an unknown name, the closest name is suggested and all names are listed', (t) => {
  const error = t.throws(() => findNamed(jobs, 'sync-oders', 'job'), { instanceOf: UsageError });
  t.is(error?.message, 'There is no job "sync-oders". Did you mean sync-orders?');
  t.is(error?.hint, 'Known: sync-orders, sync-portins, nightly.');
  t.is(error?.exitStatus, 2);
});

test('a name that resembles no known name gets no suggestion', (t) => {
  t.is(t.throws(() => findNamed(jobs, 'xyz123', 'job'))?.message, 'There is no job "xyz123".');
});
