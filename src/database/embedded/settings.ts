/**
 * Generates postgresql.conf for the embedded server, tuned for bulk loads at night and a few users by day on a small
 * machine. Rewritten at every start, so that a new release's settings take effect; ALTER SYSTEM overrides them.
 */
export function serverSettings({ port, logFolder }: { port: number; logFolder: string }): string {
  const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;
  return `# Written by tn-ledger at every start of its embedded PostgreSQL: changes made here are lost. ALTER SYSTEM keeps them.

# Accepts connections only from this machine, and only with a password.
listen_addresses = '127.0.0.1'
port = ${port}
unix_socket_directories = ''
# Several processes, each with two connections per account that it works on at the same time.
max_connections = 200

# Memory: enough for the nightly merge on a machine with 2 GB.
shared_buffers = '256MB'
work_mem = '32MB'
maintenance_work_mem = '256MB'
effective_cache_size = '1GB'
# Not /dev/shm: containers limit it to 64 MB, and systemd empties it when a user logs out.
dynamic_shared_memory_type = mmap

# Few checkpoints during bulk loads. No standby reads the write-ahead log, so it can be minimal. It isn't compressed:
# this build only has pglz, which costs a lot of CPU time.
# fsync and full_page_writes stay on: a power failure loses no committed data.
wal_level = minimal
max_wal_senders = 0
max_wal_size = '4GB'
checkpoint_timeout = '15min'

# The disk is an SSD.
random_page_cost = 1.1

# Statements are few, large, and run once: compiling them isn't worthwhile.
jit = off

# A log that can't fill the disk: one file per weekday, overwritten after a week, with one short line per message. It contains no
# statements and no row values.
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
