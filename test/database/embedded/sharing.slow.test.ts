import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { startCommand } from '../support/command.js';
import { ask, homeOf, joinAt, makePlace, postmasterOf } from '../support/place.js';

test('commands share one server, the last one stops it, and the next one reuses data and port', async (t) => {
  const place = await makePlace(t, 'empty');
  const first = await startCommand(place);
  const second = await startCommand(place);
  t.deepEqual(second.server, first.server);
  await ask(first.server, 'CREATE TABLE kept AS SELECT 42 AS answer');

  const pid = await postmasterOf(place);
  await first.leave();
  t.is(await postmasterOf(place), pid);
  t.deepEqual(await ask(second.server, 'SELECT answer FROM kept'), [{ answer: 42 }]);

  await second.leave();
  t.is(await postmasterOf(place), undefined);
  await t.throwsAsync(ask(second.server, 'SELECT 1'), { code: 'ECONNREFUSED' });

  const third = await startCommand(place);
  t.deepEqual(third.server, first.server);
  t.deepEqual(await ask(third.server, 'SELECT answer FROM kept'), [{ answer: 42 }]);
  await third.leave();
  t.deepEqual(await readdir(join(await homeOf(place), 'users')), []);
});

test('a process may join several times and release twice', async (t) => {
  const place = await makePlace(t);
  const one = await joinAt(place);
  const two = await joinAt(place);
  await Promise.all([one.release(), one.release()]);
  await one.release();
  t.deepEqual(await ask(two, 'SELECT 1 AS one'), [{ one: 1 }]);
  await two.release();
  t.is(await postmasterOf(place), undefined);
});

test('five commands that start at the same time get the same server', async (t) => {
  const place = await makePlace(t, 'empty');
  const commands = await Promise.all(Array.from({ length: 5 }, () => startCommand(place)));
  t.is(new Set(commands.map(({ server }) => JSON.stringify(server))).size, 1);
  t.is(commands.filter(({ messages }) => messages.some((message) => message.startsWith('Started'))).length, 1);
  t.is(commands.filter(({ messages }) => messages.some((message) => message.startsWith('Creating'))).length, 1);
  await Promise.all(commands.map((command) => command.leave()));
  t.is(await postmasterOf(place), undefined);
});

test('a killed command does not keep the server running or stop it', async (t) => {
  const place = await makePlace(t);
  const killed = await startCommand(place);
  const other = await startCommand(place);
  const pid = await postmasterOf(place);
  await killed.end('SIGKILL');
  t.is(await postmasterOf(place), pid);
  await other.leave();
  t.is(await postmasterOf(place), undefined);
});

test('a server whose commands were all killed is joined and stopped by the next one', async (t) => {
  const place = await makePlace(t);
  const killed = await Promise.all([startCommand(place), startCommand(place)]);
  const pid = await postmasterOf(place);
  await Promise.all(killed.map((command) => command.end('SIGKILL', 'group')));
  t.is(await postmasterOf(place), pid);
  const next = await startCommand(place);
  t.is(await postmasterOf(place), pid);
  t.deepEqual(next.messages, []);
  await next.leave();
  t.is(await postmasterOf(place), undefined);
});

test('Ctrl-C for one command does not stop the server or the other commands', async (t) => {
  const place = await makePlace(t);
  // The starter: were the server in its process group, the signal would reach it.
  const [starter, other] = [await startCommand({ ...place, patient: true }), await startCommand(place)];
  const pid = await postmasterOf(place);
  await starter.end('SIGINT', 'group');
  t.is(starter.child.exitCode, 0);
  t.is(await postmasterOf(place), pid);
  t.deepEqual(await ask(other.server, 'SELECT 1 AS one'), [{ one: 1 }]);
  await other.end('SIGTERM', 'group');
  t.is(await postmasterOf(place), pid);
  await (await joinAt(place)).release();
  t.is(await postmasterOf(place), undefined);
});
