/**
 * SQL that turns off a session's timeouts, whether set by the server, the database, or the role, including those that
 * only newer PostgreSQL versions have. The statement timeout comes first because it would apply to the next statement.
 */
export const disableTimeouts = `
  set statement_timeout = 0;
  select set_config(name, '0', false) from pg_settings
   where name in ('lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout');`;
