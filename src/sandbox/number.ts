/** A number as the table `telephone_numbers` must hold it after a sync. */
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
  /** As precise as the API writes it: some numbers get a date form that leaves out minutes or the time of day. */
  lastModified: Date;
  inServiceDate: Date | undefined;
  /** Whether `inserviceNumbers` names it: what it names is what has the status Inservice. */
  listedInService: boolean;
  /** Of numbers outside the North American plan, in place of city, state, rate center and LATA. */
  country?: string;
  tnType?: string;
}

/** What may change about a number. `lastModified` becomes the clock's now unless it is given. */
export type NumberPatch = Partial<Omit<SandboxNumber, 'telephoneNumber' | 'listedInService'>>;

/** What makes a number awkward to read; most numbers have no quirk. */
export type Quirk = 'aging' | 'special-text' | 'padded' | 'odd-date' | 'no-in-service-date';

/** A number as the sandbox works with it: dates as epoch milliseconds. */
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
  /** The odd date form (see dates.ts) that LastModified is written in. */
  dateForm: number | undefined;
}

export const inService = 'Inservice';
export const aging = 'Aging';
export const inAccount = 'InAccount';
