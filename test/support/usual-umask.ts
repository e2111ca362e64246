/**
 * Gives test processes the usual umask; ava loads this before each test file. Tests run programs as other users, who must be able
 * to enter the folders that the tests make, whatever the umask of the shell. Tests of another umask set it themselves.
 */
process.umask(0o022);
