import type { Answer } from './answer.js';
import { fraction, hash, hashText } from './hash.js';

const saltE164 = 83;

/** Elements that hold a telephone number, and the cursor of a list that pages by telephone numbers. */
const mention =
  /(<(?:FullNumber|TelephoneNumber|Tn|PhoneNumber|BillingTelephoneNumber)>\s*|[?&;]page=)([2-9]\d{9})(?=\s*<|&)/g;

/**
 * Spells a share of the NANP numbers of an answer as E.164. Which ones depends on number and resource, so that a number differs from
 * list to list; one that an answer names again (a failed number of an order) may differ from its first mention.
 */
export function spellAsE164(answer: Answer, resource: string, share: number): Answer {
  const salt = hashText(saltE164, resource);
  const mentioned = new Set<string>();
  const spell = (_whole: string, before: string, number: string) => {
    const again = mentioned.has(number);
    mentioned.add(number);
    if (fraction(hash(again ? salt + 1 : salt, Number(number))) >= share) return before + number;
    return `${before}${before.endsWith('page=') ? '%2B1' : '+1'}${number}`;
  };
  return rewrite(answer, (body) => body.replace(mention, spell));
}

/** Names the first `count` numbers of a list of plain numbers in both spellings, one after the other. */
export function nameTwice(answer: Answer, count: number): Answer {
  let left = count;
  return rewrite(answer, (body) =>
    body.replace(/<TelephoneNumber>([2-9]\d{9})<\/TelephoneNumber>/g, (element, number) =>
      left-- > 0 ? `${element}\n        <TelephoneNumber>+1${number}</TelephoneNumber>` : element,
    ),
  );
}

/** One byte a character and back: what is replaced is ASCII, and the rest comes out as it went in. */
function rewrite(answer: Answer, change: (body: string) => string): Answer {
  const { body } = answer;
  return {
    ...answer,
    body: typeof body === 'string' ? change(body) : Buffer.from(change(body.toString('latin1')), 'latin1'),
  };
}
