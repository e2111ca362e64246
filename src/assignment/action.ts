/** What an order does to the assignment status of its numbers. */
export type Action = 'ASSIGN' | 'UNASSIGN';

/** What a file of numbers is for. */
export type BatchPurpose = 'assign' | 'reconcile';

/**
 * Parses an action as an operator writes it, including the resulting status (ASSIGNED); undefined for anything
 * else.
 */
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
