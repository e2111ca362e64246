import { registerCompletionHandler } from 'ava';

// Node 20 once span for ever while it took down a worker that had killed sixty processes, all its tests passed. Whether anything is
// left open shows in `npm test`, whose workers end by themselves.
registerCompletionHandler(() => process.exit());
