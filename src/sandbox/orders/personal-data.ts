import { hash } from '../hash.js';
import type { PersonalData } from './order-types.js';

const saltPerson = 151;

/**
 * Personal data of the nth port-in. Every value contains `Pii` and six unique digits, so a test can search a database
 * for each one without false matches.
 */
export function personalData(seed: number, n: number, business: boolean): PersonalData {
  const mark = (part: number) =>
    hash(hash(saltPerson + part, seed), n)
      .toString(16)
      .padStart(8, '0')
      .slice(0, 6);
  return {
    firstName: `PiiFirst${mark(0)}`,
    lastName: `PiiLast${mark(1)}`,
    businessName: business ? `PiiBusiness${mark(2)} & Co` : undefined,
    houseNumber: `Pii${mark(3)}`,
    streetName: `Pii${mark(4)} Street`,
    loaAuthorizingPerson: `PiiAuthorizer${mark(5)}`,
    accountNumber: `PiiAccount${mark(6)}`,
    pinNumber: `PiiPin${mark(7)}`,
  };
}
