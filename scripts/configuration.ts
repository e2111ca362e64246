import { describeVariables, type VariableDescription } from '../src/config.js';
import { markdownTable } from './markdown-table.js';

/** Returns docs/configuration.md, made from the descriptions in src/config.ts. */
export function configurationPage(): string {
  return `<!-- Generated from src/config.ts by \`npm run docs\`. -->

# Configuration

Settings are environment variables. Set them in the environment or in \`.env\` in the working folder; the environment takes precedence.
\`.env.example\` lists them all. \`tn-ledger check\` reports missing, invalid and misspelled variables.

A variable marked with * can read its value from a file: \`BANDWIDTH_CLIENT_SECRET_FILE=/run/secrets/bandwidth\`.

${markdownTable(['variable', 'meaning', 'default'], describeVariables().map(toRow))}
`;
}

function toRow({ name, description, default: value, unset, fromFile }: VariableDescription): string[] {
  return [`\`${name}\`${fromFile ? ' *' : ''}`, description, unset ?? `\`${value}\``];
}
