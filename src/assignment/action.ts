/** What numbers are declared to be. */
export type Action = 'ASSIGN' | 'UNASSIGN';

/** Reads an action as an operator writes it, also as the state that it leads to; undefined for anything else. */
export function parseAction(text: string): Action | undefined {
  switch (text.trim().toUpperCase()) {
    case 'ASSIGN':
    case 'ASSIGNED':
      return 'ASSIGN';
    case 'UNASSIGN':
    case 'UNASSIGNED':
      return 'UNASSIGN';
    default:
      return undefined;
  }
}
