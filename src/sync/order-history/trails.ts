import type { TrailDocument } from '../../dashboard/order-trails.js';
import { orderDescriptions } from '../../dashboard/registry.js';
import type { OrderDescription } from '../../dashboard/resource.js';

/** What is read of an order's life, apart from the order itself. */
export type Part = 'history' | 'notes';

/** The history, or the notes, of one kind of orders. */
export interface Trail {
  part: Part;
  orders: OrderDescription;
  /** Name in messages: `histories of port-ins`. */
  title: string;
  /** Relative to the API's base URL. */
  path(account: string, orderId: string): string;
}

export const documents: Readonly<Record<Part, TrailDocument>> = {
  history: {
    root: 'OrderHistoryWrapper',
    item: 'OrderHistory',
    fields: ['OrderDate', 'Note', 'Author', 'Status', 'Difference'],
  },
  notes: { root: 'Notes', item: 'Note', fields: ['Id', 'UserId', 'Description', 'LastDateModifier'] },
};

const titles: Readonly<Record<Part, string>> = { history: 'histories', notes: 'notes' };

function trailsOf(part: Part, kinds: readonly OrderDescription[]): Trail[] {
  return kinds.map((orders) => ({
    part,
    orders,
    title: `${titles[part]} of ${orders.titles.many}`,
    path: (account, orderId) => `${orders.details.path(account, orderId)}/${part}`,
  }));
}

/** Every history and all notes that the registry describes, those of ports first: they are why the job exists. */
export const trails: readonly Trail[] = [
  ...trailsOf(
    'history',
    orderDescriptions.filter(({ events }) => events !== undefined),
  ),
  ...trailsOf(
    'notes',
    orderDescriptions.filter(({ notes }) => notes),
  ),
].toSorted((a, b) => Number(b.orders.isPort ?? false) - Number(a.orders.isPort ?? false));

/** Those that are read: notes only if they are kept. */
export function readTrails(keepNotes: boolean): readonly Trail[] {
  return trails.filter(({ part }) => keepNotes || part === 'history');
}
