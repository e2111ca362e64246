import test from 'ava';
import { findNamed } from '../../src/cli/nearest.js';
import { UsageError } from '../../src/errors.js';

const jobs = ['sync-orders', 'sync-portins', 'nightly'].map((name) => ({ name }));

test('a thing is found by its name', (t) => {
  t.is(findNamed(jobs, 'nightly', 'job').name, 'nightly');
});

test('of an unknown name the nearest is suggested, and all are listed', (t) => {
  const error = t.throws(() => findNamed(jobs, 'sync-oders', 'job'), { instanceOf: UsageError });
  t.is(error?.message, 'There is no job "sync-oders". Did you mean sync-orders?');
  t.is(error?.hint, 'Known: sync-orders, sync-portins, nightly.');
  t.is(error?.exitStatus, 2);
});

test('a name like none gets no suggestion', (t) => {
  t.is(t.throws(() => findNamed(jobs, 'xyz123', 'job'))?.message, 'There is no job "xyz123".');
});
