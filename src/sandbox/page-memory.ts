import type { Answer } from './answer.js';

export interface PageMemory {
  remember(listing: string, page: string, answer: Answer): void;
  /** The response to the page that was read before this one in the same listing. */
  before(listing: string, page: string): Answer | undefined;
}

// Few listings are read at the same time. At the limit, the least recently read one is evicted.
const maxListings = 100;

/** Keeps the last two pages of each listing, for the fault duplicate-page. */
export function createPageMemory(): PageMemory {
  const listings = new Map<string, Array<{ page: string; answer: Answer }>>();
  return {
    remember(listing, page, answer) {
      const pages = (listings.get(listing) ?? []).filter((other) => other.page !== page);
      listings.delete(listing);
      listings.set(listing, [...pages, { page, answer }].slice(-2));
      const oldest = listings.keys().next().value;
      if (listings.size > maxListings && oldest !== undefined) {
        listings.delete(oldest);
      }
    },
    before(listing, page) {
      return listings.get(listing)?.findLast((other) => other.page !== page)?.answer;
    },
  };
}
