import test from 'ava';
import { createHostCheck } from '../../src/monitoring/host-header.js';

const loopback = ['localhost', 'localhost:9464', 'LOCALHOST', '127.0.0.1:80', '[::1]:9464', '[::1]'];
const malformed = [
  undefined,
  '',
  'evil.com@localhost',
  'localhost:port',
  'localhost/x',
  '[::1',
  'a b',
  'localhost:1:2',
];

test('on a loopback address, only the names of loopback and those of the setting are accepted', (t) => {
  for (const host of ['127.0.0.1', 'localhost', '::1']) {
    const isForUs = createHostCheck(host, ['ledger.example.com'], 'machine');
    for (const name of [...loopback, 'ledger.example.com', 'Ledger.Example.com:443']) t.true(isForUs(name), name);
    for (const name of [...malformed, 'evil.com', 'localhost.evil.com', '10.0.0.1', '[fd00::1]', 'machine'])
      t.false(isForUs(name), name);
  }
});

test('elsewhere, every address and the name of the machine are accepted too, and no other name', (t) => {
  const isForUs = createHostCheck('0.0.0.0', ['ledger'], 'Machine.example.com');
  for (const name of [...loopback, '10.0.0.1:9464', '[fd00::1]:9464', 'machine.example.com', 'ledger'])
    t.true(isForUs(name), name);
  for (const name of [...malformed, 'evil.com', 'machine', '10.0.0.1.evil.com', '256.0.0.1'])
    t.false(isForUs(name), name);
});
