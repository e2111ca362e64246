import type { Command } from 'commander';

/** Adds a command with the given name to the program. */
export type DefineCommand = (name: string) => Command;
