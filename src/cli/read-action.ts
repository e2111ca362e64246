import { type Action, parseAction } from '../assignment/action.js';
import { UsageError } from '../errors.js';

/** @throws {UsageError} there is no such action */
export function readAction(text: string): Action {
  const action = parseAction(text);
  if (action !== undefined) return action;
  const meant = text.trim().toUpperCase().startsWith('U') ? 'UNASSIGN' : 'ASSIGN';
  throw new UsageError(`There is no action ${JSON.stringify(text)}. Did you mean ${meant}?`, {
    hint: 'Known: ASSIGN, UNASSIGN.',
  });
}
