import { writeDate } from './dates.js';
import type { NumberRow } from './number.js';
import { isNanp, isTollFree, textOf } from './number-key.js';
import { escapeXml } from './xml.js';

const indent = '            ';

function element(name: string, text: string | undefined): string {
  return text === undefined ? '' : `${indent}<${name}>${escapeXml(text)}</${name}>\n`;
}

/** A number as one TelephoneNumber of `/tns`, its elements in the order of Bandwidth's API reference. */
export function numberXml(row: NumberRow, accountId: string): string {
  // Toll-free numbers belong nowhere; an empty element says so in place of a rate center.
  const rateCenter = row.rateCenter ?? (isNanp(row.key) && isTollFree(row.key) ? '' : undefined);
  const text =
    `        <TelephoneNumber>\n${element('City', row.city)}${element('Lata', row.lata)}${element('State', row.state)}` +
    `${indent}<FullNumber>${textOf(row.key)}</FullNumber>\n${element('Country', row.country)}` +
    `${element('TnType', row.tnType)}${element('Tier', row.tier)}${element('VendorId', row.vendorId)}` +
    `${element('VendorName', row.vendorName)}${element('RateCenter', rateCenter)}${element('Status', row.status)}` +
    `${indent}<AccountId>${accountId}</AccountId>\n${datesXml(row)}        </TelephoneNumber>\n`;
  return row.quirk === 'padded' ? padded(text) : text;
}

function datesXml({ lastModified, inServiceDate, dateForm }: NumberRow): string {
  const modified = dateForm === undefined ? new Date(lastModified).toISOString() : writeDate(dateForm, lastModified);
  const line = `${indent}<LastModified>${modified}</LastModified>\n`;
  if (inServiceDate === undefined) {
    return line;
  }
  const same = dateForm === undefined && inServiceDate === lastModified;
  return `${line}${indent}<InServiceDate>${same ? modified : new Date(inServiceDate).toISOString()}</InServiceDate>\n`;
}

/** Text wrapped in newlines and spaces, as the API's pretty-printer leaves it now and then. */
function padded(text: string): string {
  return text.replace(/>([^<>\n]+)<\//g, `>\n${indent}    $1\n${indent}</`);
}
