import { type Day, parseDay } from '../days.js';
import { UsageError } from '../errors.js';
import { type Category, type Classification, categories, checkLength } from '../nruf/classify.js';

export interface ClassificationOptions {
  category: string;
  from: string;
  to?: string;
  note?: string;
  override?: boolean;
  residential?: boolean;
}

/** @throws {UsageError} an option isn't valid, or the classification is longer than the rule for its category allows */
export function readClassification(options: ClassificationOptions): Classification {
  const classification: Classification = {
    category: readCategory(options.category),
    from: readDay('--from', options.from),
    to: options.to === undefined ? undefined : readDay('--to', options.to),
    note: options.note,
    override: options.override ?? false,
    residential: options.residential ?? false,
  };
  checkLength(classification);
  return classification;
}

function readCategory(text: string): Category {
  const category = categories.find((each) => each === text.trim().toLowerCase());
  if (category !== undefined) return category;
  throw new UsageError(`Unknown category ${JSON.stringify(text)}.`, {
    hint: `Categories: ${categories.join(', ')}. To mark numbers as assigned or unassigned, use tn-ledger assign.`,
  });
}

function readDay(option: string, text: string): Day {
  const day = parseDay(text);
  if (day !== undefined) return day;
  throw new UsageError(
    `${option} must be a date in the form yyyy-mm-dd, such as 2026-11-01, not ${JSON.stringify(text)}.`,
  );
}
