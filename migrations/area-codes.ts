import { createRequire } from 'node:module';

/**
 * Country codes whose numbers are reported to the FCC: the United States and its territories in the North American
 * Numbering Plan.
 */
const unitedStates = ['US', 'PR', 'VI', 'GU', 'AS', 'MP'];

/** Identifies the package's list: another version may have different area codes. */
export function areaCodesVersion(): string {
  const { version } = createRequire(import.meta.url)('libphonenumber-js/package.json') as { version: string };
  return `libphonenumber-js ${version}`;
}

/** The statement that fills `area_codes` with every area code whose country libphonenumber-js knows. */
export async function areaCodesSql(): Promise<string> {
  const { parsePhoneNumberFromString } = await import('libphonenumber-js/max');
  const rows: string[] = [];
  for (let npa = 200; npa <= 999; npa += 1) {
    const country = parsePhoneNumberFromString(`+1${npa}2345678`)?.country;
    if (country !== undefined) rows.push(`('${npa}', '${country}', ${unitedStates.includes(country)})`);
  }
  return `
    delete from tn_ledger.area_codes;
    insert into tn_ledger.area_codes (npa, country, united_states) values ${rows.join(', ')}`;
}
