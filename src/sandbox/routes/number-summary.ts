import type { NumberRow } from '../number.js';
import { escapeXml } from '../xml.js';

/**
 * The `TelephoneNumberDetails` of an order in a list: counts of its numbers by location and vendor; empty without
 * numbers.
 */
export function numberSummary(rows: readonly NumberRow[]): string {
  if (rows.length === 0) {
    return '';
  }
  const i = '                ';
  const group = (list: string, item: string, entries: Iterable<readonly [string, number]>, countFirst = false) => {
    const name = item.replace('WithCount', '');
    const items = Array.from(entries, ([text, count]) => {
      const lines = [`<${name}>${escapeXml(text)}</${name}>`, `<Count>${count}</Count>`];
      return `${i}        ${(countFirst ? lines.toReversed() : lines).join(`\n${i}        `)}\n`;
    }).map((lines) => `${i}    <${item}>\n${lines}${i}    </${item}>\n`);
    return items.length === 0 ? '' : `${i}<${list}>\n${items.join('')}${i}</${list}>\n`;
  };
  const vendors = [...counted(rows, ({ vendorId }) => vendorId)].map(([id, count]) => {
    const name = rows.find(({ vendorId }) => vendorId === id)?.vendorName ?? '';
    return `${i}    <VendorWithCount>
${i}        <VendorId>${escapeXml(id)}</VendorId>
${i}        <VendorName>${escapeXml(name)}</VendorName>
${i}        <Count>${count}</Count>
${i}    </VendorWithCount>
`;
  });
  return `            <TelephoneNumberDetails>
${group(
  'States',
  'StateWithCount',
  counted(rows, ({ state }) => state),
)}${group(
  'RateCenters',
  'RateCenterWithCount',
  counted(rows, ({ rateCenter }) => rateCenter),
  true,
)}${group(
  'Cities',
  'CityWithCount',
  counted(rows, ({ city }) => city),
)}${group(
  'Tiers',
  'TierWithCount',
  counted(rows, ({ tier }) => tier),
)}${i}<Vendors>
${vendors.join('')}${i}</Vendors>
            </TelephoneNumberDetails>
`;
}

function counted(rows: readonly NumberRow[], of: (row: NumberRow) => string | undefined): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const text = of(row);
    if (text !== undefined) {
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  }
  return counts;
}
