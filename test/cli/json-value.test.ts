import test from 'ava';
import { toJson } from '../../src/cli/json-value.js';

const types = {
  bool: 16,
  int8: 20,
  text: 25,
  json: 114,
  float8: 701,
  timestamp: 1114,
  timestamptz: 1184,
  numeric: 1700,
};

test('numbers keep every digit, and values that JSON numbers cannot represent become strings', (t) => {
  t.is(toJson('9223372036854775807', types.int8), '9223372036854775807');
  t.is(toJson('0.10000000000000000000000001', types.numeric), '0.10000000000000000000000001');
  t.is(toJson('1e-07', types.float8), '1e-07');
  t.deepEqual(
    ['NaN', 'Infinity', '-Infinity'].map((text) => toJson(text, types.float8)),
    ['"NaN"', '"Infinity"', '"-Infinity"'],
  );
});

test('times are ISO 8601 with full fractional seconds', (t) => {
  t.is(toJson('2026-01-01 12:00:00.123456+00', types.timestamptz), '"2026-01-01T12:00:00.123456Z"');
  t.is(toJson('2026-01-01 12:00:00', types.timestamp), '"2026-01-01T12:00:00"');
  t.is(toJson('infinity', types.timestamptz), '"infinity"');
});

test('NULL, booleans, JSON and text are converted', (t) => {
  t.is(toJson(null, types.text), 'null');
  t.is(toJson('t', types.bool), 'true');
  t.is(toJson('f', types.bool), 'false');
  t.is(toJson('{"a": 1.10}', types.json), '{"a": 1.10}');
  t.is(toJson('9195550100 "x"\n', types.text), '"9195550100 \\"x\\"\\n"');
});

test('arrays are converted at any depth', (t) => {
  t.is(toJson('{{1.10,NULL},{NaN,2}}', 1231), '[[1.10,null],["NaN",2]]');
  t.is(toJson('{a,"b c",NULL,"NULL"}', 1009), '["a","b c",null,"NULL"]');
  t.is(toJson('{}', 1007), '[]');
  t.is(toJson('[0:1]={1,2}', 1007), '"[0:1]={1,2}"');
});
