import type { Answer } from './answer.js';
import { fraction, hash, hashText } from './hash.js';
import type { Oddities } from './oddities.js';
import type { Route } from './route.js';

const saltE164 = 83;

/** Elements that contain a telephone number, and the cursor of a list that pages by telephone number. */
const mention =
  /(<(?:FullNumber|TelephoneNumber|Tn|PhoneNumber|BillingTelephoneNumber|ReservedTN)>\s*|[?&;]page=)([2-9]\d{9})(?=\s*<|&)/g;

const twiceSpelled =
  /<((?:[oO]rder|[cC]ustomerOrder|[sS]ite|[pP]eer|[uU]ser)Id|(?:[oO]rder|[pP]rocessing)Status|[oO]rderDate|[lL]astModifiedDate)>([^<]*)<\/\1>/g;

/** Applies the spelling oddities to a response: same content, spelled differently. */
export function spellOddly(answer: Answer, { method, path }: Route, oddities: Oddities): Answer {
  const { e164, 'e164-twice': twice, 'repeated-elements': repeated } = oddities;
  let odd = answer;
  if (twice && path.endsWith('/inserviceNumbers')) odd = nameTwice(odd, twice);
  if (repeated && !path.startsWith('/tns')) odd = repeatElements(odd);
  return e164 ? spellAsE164(odd, `${method} ${path}`, e164) : odd;
}

/**
 * Spells a share of the NANP numbers in a response in E.164 format. The choice depends on number and resource, so a
 * number may be spelled differently in two lists. A number that appears twice in a response (a failed number of an
 * order) may be spelled differently each time.
 */
function spellAsE164(answer: Answer, resource: string, share: number): Answer {
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

/** Lists the first `count` numbers of a list of plain numbers in both spellings, one after the other. */
function nameTwice(answer: Answer, count: number): Answer {
  let left = count;
  return rewrite(answer, (body) =>
    body.replace(/<TelephoneNumber>([2-9]\d{9})<\/TelephoneNumber>/g, (element, number) =>
      left-- > 0 ? `${element}\n        <TelephoneNumber>+1${number}</TelephoneNumber>` : element,
    ),
  );
}

/** Repeats order elements with the first letter in the other case: `<SiteId>2</SiteId><siteId>2</siteId>`. */
function repeatElements(answer: Answer): Answer {
  const otherCase = (letter: string) => (letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase());
  return rewrite(answer, (body) =>
    body.replace(twiceSpelled, (element: string, name: string, text: string) => {
      const other = otherCase(name.charAt(0)) + name.slice(1);
      return `${element}<${other}>${text}</${other}>`;
    }),
  );
}

/**
 * Decodes the body as one byte per character and encodes it again: replacements are ASCII only, and all other bytes
 * stay the same.
 */
function rewrite(answer: Answer, change: (body: string) => string): Answer {
  const { body } = answer;
  return {
    ...answer,
    body: typeof body === 'string' ? change(body) : Buffer.from(change(body.toString('latin1')), 'latin1'),
  };
}
