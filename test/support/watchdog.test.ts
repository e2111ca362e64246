import test from 'ava';
import { runAva, supportPath } from './run-ava.js';

const config = `export default {
  files: ['sample.js'], workerThreads: false, timeout: '1m', require: [['${supportPath('watchdog.js')}', 1]],
};`;
/** A test file that passes, and then does not end. */
const thatHangs = (hang: string) => `import test from 'ava';\n${hang}\ntest('passes', (t) => t.pass());\n`;

test('a test process that does not exit prints the cause and fails', async (t) => {
  const { status, output } = await runAva(t, {
    code: thatHangs("import net from 'node:net';\nnet.createServer().listen(0);"),
    config,
  });
  t.not(status, 0);
  t.regex(output, /passes/);
  t.regex(output, /The tests have ended, but the process does not\. What keeps it:\n(.*\n)*.*TCPServerWrap/);
});

test('a test process that spins on exit is killed from outside and fails', async (t) => {
  const { status, output } = await runAva(t, {
    code: thatHangs("process.on('SIGTERM', () => {});\nprocess.on('exit', () => { for (;;); });"),
    config,
  });
  t.not(status, 0);
  t.regex(output, /sample\.js does not end: process \d+ is killed\. .* has open:\n(.*\n)* +0 -> /);
  t.regex(output, /SIGKILL/);
});
