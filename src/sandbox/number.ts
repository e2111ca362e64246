/** A number as it must be in the table `telephone_numbers` after a sync. */
export interface SandboxNumber {
  telephoneNumber: string;
  status: string;
  city: string | undefined;
  state: string | undefined;
  rateCenter: string | undefined;
  lata: string | undefined;
  tier: string | undefined;
  vendorId: string | undefined;
  vendorName: string | undefined;
  /** As precise as the API writes it: for some numbers the date format leaves out the minutes or the time of day. */
  lastModified: Date;
  inServiceDate: Date | undefined;
  /** Whether `inserviceNumbers` lists it: true if and only if its status is Inservice. */
  listedInService: boolean;
  /** For numbers outside the North American Numbering Plan, instead of city, state, rate center and LATA. */
  country?: string;
  tnType?: string;
}

/** What can change about a number. `lastModified` defaults to the current clock time. */
export type NumberPatch = Partial<Omit<SandboxNumber, 'telephoneNumber' | 'listedInService'>>;

/** What makes a number hard to parse. Most numbers have no quirk. */
export type Quirk = 'aging' | 'special-text' | 'padded' | 'odd-date' | 'no-in-service-date';

/** A number in the internal format of the sandbox, with dates in epoch milliseconds. */
export interface NumberRow {
  key: number;
  status: string;
  city: string | undefined;
  state: string | undefined;
  rateCenter: string | undefined;
  lata: string | undefined;
  tier: string | undefined;
  vendorId: string | undefined;
  vendorName: string | undefined;
  lastModified: number;
  inServiceDate: number | undefined;
  country: string | undefined;
  tnType: string | undefined;
  quirk: Quirk | undefined;
  /** The unusual date format (see dates.ts) of LastModified. */
  dateForm: number | undefined;
}

export const inService = 'Inservice';
export const aging = 'Aging';
export const inAccount = 'InAccount';
