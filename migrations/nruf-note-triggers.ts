/** Tables with what is known about a number in an account. */
const tablesOfNumbers = [
  'telephone_numbers',
  'number_status_history',
  'number_assignment_history',
  'number_categories',
];

/** Orders that decide to which carrier their numbers belong. */
const tablesOfOrders = ['orders', 'portins', 'import_tn_orders', 'remove_imported_tn_orders', 'external_tns'];

/** Attributes of numbers say the same. */
const tableOfAttributes = 'number_location_history';

/** The triggers that write change notes for NRUF counting (`nruf-notes.sql`). Generated, because all tables need the same ones. */
export function nrufNoteTriggersSql(): string {
  return [
    ...tablesOfNumbers.map((table) => triggers(table, 'nruf_note_numbers')),
    ...tablesOfOrders
      .flatMap((table) => [table, `${table}_numbers`])
      .concat(tableOfAttributes)
      .map((table) => triggers(table, 'nruf_note_orders')),
  ].join('\n');
}

function triggers(table: string, noting: string): string {
  return `create or replace trigger nruf_note_insert after insert on tn_ledger.${table}
  referencing new table as new_rows for each statement execute function tn_ledger.${noting}();
create or replace trigger nruf_note_update after update on tn_ledger.${table}
  referencing old table as old_rows new table as new_rows for each statement execute function tn_ledger.${noting}();
create or replace trigger nruf_note_delete after delete on tn_ledger.${table}
  referencing old table as old_rows for each statement execute function tn_ledger.${noting}();
create or replace trigger nruf_note_truncate after truncate on tn_ledger.${table}
  for each statement execute function tn_ledger.nruf_note_truncate();`;
}
