import { hash } from '../hash.js';
import type { PersonalData } from './truth.js';

const saltPerson = 151;

/**
 * Personal data of the n-th port-in. Every value holds `Pii` and six digits of its own, so that a test can look for each
 * in a database without finding anything else.
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
