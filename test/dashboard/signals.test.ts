import { getEventListeners } from 'node:events';
import test from 'ava';
import { createSignalCombiner } from '../../src/dashboard/signals.js';

test('a combined signal aborts with any of its sources, until it is released', (t) => {
  const combine = createSignalCombiner();
  const [one, other] = [new AbortController(), new AbortController()];
  const released = combine(one.signal, other.signal);
  released.release();
  const { signal } = combine(one.signal, undefined, other.signal);
  t.false(signal.aborted);
  other.abort('reason');
  t.is(signal.reason, 'reason');
  t.false(released.signal.aborted);
  t.is(combine(other.signal).signal.reason, 'reason');
});

test('a source has one listener for all signals that follow it, and none after the last one is released', (t) => {
  const combine = createSignalCombiner();
  const { signal: source } = new AbortController();
  const listeners = () => getEventListeners(source, 'abort').length;
  const [first, second] = [combine(source), combine(source, source)];
  t.is(listeners(), 1);
  first.release();
  t.is(listeners(), 1);
  second.release();
  t.is(listeners(), 0);
  const third = combine(source);
  t.is(listeners(), 1);
  third.release();
  t.is(listeners(), 0);
});
