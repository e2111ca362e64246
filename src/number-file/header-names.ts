/**
 * Headers of columns of numbers, as `simplified` writes them. docs/assignment.md lists them. Names that often head other
 * columns of the same table (mobile, fax, BTN, account number) aren't here.
 */
const names = `
  telephonenumber telephone telephoneno tel telno phonenumber phone phoneno number fullnumber tendigitnumber e164 e164number
  telephonenumbertn tn wtn did didnumber ddi ddinumber dn mdn msisdn cli clinumber assignednumber
  tnlist didlist numberlist phonelist phonenumberlist telephonenumberlist
  range tnrange didrange numberrange phonerange phonenumberrange telephonenumberrange
  telefon telefonnr telefonnummer rufnummer rufnr nummer telefonnummern rufnummern nummern
  numero numerodetelephone ndetelephone notelephone numerotelephone numerosdetelephone
  telefono numerodetelefono numerotelefono numerosdetelefono numeroditelefono numeriditelefono telefoni
  telefone numerodetelefone numerosdetelefone
  telefoonnummer telefoonnummers telefoon telefonnumer numertelefonu telefoninumero puhelinnumero puhelin telefonnummere
  телефон номертелефона номер телефоны номерателефонов
  電話番号 电话 电话号码 電話號碼 전화번호
`;

const known = new Set(names.trim().split(/\s+/));

/** Whether a header names a column of telephone numbers, in the singular or plural, whatever its case, accents and punctuation. */
export function isNumberHeader(header: string): boolean {
  // Two headers, read with another delimiter than the file's.
  if (/[,;\t]/.test(header)) return false;
  const name = simplified(header);
  return known.has(name) || (name.endsWith('s') && known.has(name.slice(0, -1)));
}

/** Reduces a header to its letters and digits, without case and accents: `Téléphone N°` becomes `telephonen`. */
export function simplified(header: string): string {
  return header
    .normalize('NFD')
    .replace(/[^\p{L}\p{N}]+/gu, '')
    .normalize('NFC')
    .toLowerCase();
}
