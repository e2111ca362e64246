import { LedgerError } from '../../../src/errors.js';
import type {
  OrderPatch,
  PlaceAssignment,
  PlaceDisconnect,
  PlaceExternal,
  PlaceImport,
  PlaceNumberOrder,
  PlaceOptions,
  PlacePortIn,
  PlacePortOut,
  PlaceRemoval,
} from '../../../src/sandbox/orders/interface.js';

type Fields = Record<string, unknown>;
type Reader<T> = (value: unknown) => T | undefined;

/** Parses orders to place from JSON. An unknown or invalid field is rejected by name. */
export const placement = {
  orders: (body: unknown): PlaceNumberOrder =>
    read(body, {
      ...common,
      numbers: numbersOrCount,
      outcome: oneOf('COMPLETE', 'PARTIAL', 'FAILED'),
      parts: wholeNumber(1, 1000),
    }),
  disconnects: (body: unknown): PlaceDisconnect =>
    required(read(body, { ...common, numbers, aging: flag }), 'numbers') as PlaceDisconnect,
  portins: (body: unknown): PlacePortIn =>
    read(body, {
      ...common,
      numbers: numbersOrCount,
      outcome: oneOf('COMPLETE', 'CANCELLED', 'EXCEPTION', 'DRAFT', 'PENDING_DOCUMENTS', 'SUBMITTED'),
      losingCarrierName: text,
    }),
  portouts: (body: unknown): PlacePortOut =>
    required(
      read(body, { ...common, number: text, outcome: oneOf('COMPLETE', 'CANCELLED') }),
      'number',
    ) as PlacePortOut,
  numbersAssignment: (body: unknown): PlaceAssignment =>
    required(
      read(body, { ...common, numbers, action: oneOf('ASSIGN', 'UNASSIGN') }),
      'numbers',
      'action',
    ) as PlaceAssignment,
  importTnOrders: (body: unknown): PlaceImport =>
    read(body, {
      ...common,
      numbers: numbersOrCount,
      outcome: oneOf('COMPLETE', 'PARTIAL', 'FAILED'),
      loaType: oneOf('CARRIER', 'SUBSCRIBER'),
    }),
  removeImportedTnOrders: (body: unknown): PlaceRemoval =>
    required(read(body, { ...common, numbers }), 'numbers') as PlaceRemoval,
  externalTns: (body: unknown): PlaceExternal =>
    required(
      read(body, {
        ...common,
        numbers: numbersOrCount,
        action: oneOf('IMPORT', 'REMOVE'),
        outcome: oneOf('COMPLETE', 'PARTIAL', 'FAILED'),
        loaType: oneOf('CARRIER', 'SUBSCRIBER'),
      }),
      'action',
    ) as PlaceExternal,
};

export function orderPatch(body: unknown): OrderPatch {
  return read(body, { status: text, customerOrderId: text, lastModifiedDate: date });
}

const common: { [Name in keyof PlaceOptions]-?: Reader<NonNullable<PlaceOptions[Name]>> } = {
  customerOrderId: text,
  userId: text,
  orderDate: date,
  done: flag,
};

function read<T extends Fields>(body: unknown, readers: { [Name in keyof T]: Reader<T[Name]> }): Partial<T> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new LedgerError('The body must be a JSON object.');
  }
  const values: Fields = {};
  for (const [name, value] of Object.entries(body)) {
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
    const found = reader?.(value);
    if (found === undefined) {
      throw new LedgerError(`The field '${name}' can't be ${JSON.stringify(value)}. Nothing was changed.`, {
        hint: `Fields: ${Object.keys(readers).join(', ')}.`,
      });
    }
    values[name] = found;
  }
  return values as Partial<T>;
}

function required<T extends object>(given: T, ...names: Array<keyof T & string>): T {
  const missing = names.find((name) => given[name] === undefined);
  if (missing !== undefined) {
    throw new LedgerError(`The field '${missing}' is missing. Nothing was changed.`);
  }
  return given;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function flag(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function date(value: unknown): Date | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time);
}

function numbers(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;
}

function wholeNumber(from: number, to: number): Reader<number> {
  return (value) =>
    Number.isInteger(value) && Number(value) >= from && Number(value) <= to ? Number(value) : undefined;
}

function numbersOrCount(value: unknown): string[] | number | undefined {
  return numbers(value) ?? wholeNumber(1, 100_000)(value);
}

function oneOf<T extends string>(...choices: T[]): Reader<T> {
  return (value) => choices.find((choice) => choice === value);
}
