import type { Command } from 'commander';

/** Adds a command of this name to the program. */
export type DefineCommand = (name: string) => Command;
