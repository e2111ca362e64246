/**
 * postgresql.conf of the embedded server: one that loads in bulk at night and answers a few people by day, on a small machine.
 * Written anew at every start, so that a new release's settings take effect; ALTER SYSTEM overrides them.
 */
export function serverSettings({ port, logFolder }: { port: number; logFolder: string }): string {
  const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;
  return `# Written by tn-ledger at every start of its embedded PostgreSQL: changes made here are lost. ALTER SYSTEM keeps them.

# Reachable from this machine only, and by password only.
listen_addresses = '127.0.0.1'
port = ${port}
unix_socket_directories = ''
max_connections = 64

# Memory: enough for the nightly merge, little enough for a machine with 2 GB.
shared_buffers = '256MB'
work_mem = '32MB'
maintenance_work_mem = '256MB'
effective_cache_size = '1GB'
# Not /dev/shm: containers give it 64 MB, and systemd empties it when a user logs out.
dynamic_shared_memory_type = mmap

# A bulk load should meet few checkpoints. No standby reads this log, so it need not hold what the data files hold;
# nor is it compressed: this build offers only pglz, which is costly in processor time.
# fsync and full_page_writes stay on: a power failure loses nothing that was committed.
wal_level = minimal
max_wal_senders = 0
max_wal_size = '4GB'
checkpoint_timeout = '15min'

# The disk is an SSD.
random_page_cost = 1.1

# Statements are few, large and run once: compiling them does not pay.
jit = off

# A log that can't fill the disk: a file per weekday, overwritten after a week, and one short line a message. Statements and values
# of rows stay out of it.
logging_collector = on
log_directory = ${quote(logFolder)}
log_filename = 'postgresql-%a.log'
log_rotation_age = '1d'
log_rotation_size = 0
log_truncate_on_rotation = on
log_file_mode = 0600
log_checkpoints = off
log_min_messages = warning
log_min_error_statement = panic
log_error_verbosity = terse
log_line_prefix = '%m [%p] %a '

timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
`;
}
