import test from 'ava';
import { isComplete } from '../../src/cli/sql-shell.js';

test('a statement ends with a semicolon outside of strings, quoted names and comments', (t) => {
  const complete = [
    'select 1;',
    'select 1 ; ',
    "select 'it''s';",
    'select ";" as ";";',
    'select $$;$$;',
    'select 1; -- done',
    'select /* ; */ 1;',
  ];
  const open = [
    'select 1',
    "select ';",
    'select ";',
    'select $a$;',
    'select $a$ $$;',
    'select 1 -- ;',
    'select 1 /* ;',
    "select 'a'';",
  ];
  t.deepEqual(
    complete.filter((statement) => !isComplete(statement)),
    [],
  );
  t.deepEqual(open.filter(isComplete), []);
});
