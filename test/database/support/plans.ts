/** Settings of a server that sends each statement's plan, with row counts, to the session that ran it. */
export const explainSettings = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': 0,
  'auto_explain.log_analyze': true,
  'auto_explain.log_timing': false,
  'auto_explain.log_nested_statements': true,
  'auto_explain.log_format': 'json',
  'auto_explain.log_level': 'notice',
};

/** A node of a plan in `explain (analyze, format json)`, with the properties used here. */
interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  Schema?: string;
  'Actual Rows'?: number;
  'Actual Loops'?: number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  'Rows Removed by Join Filter'?: number;
  Plans?: Node[];
}

export interface Plan {
  sql: string;
  root: Node;
}

/** A node that reads a table. */
export interface Scan {
  table: string;
  type: string;
  /** Rows read in all its loops, including rows removed by filters. */
  rows: number;
}

/** The plan in an auto_explain notice; undefined for any other notice. */
export function readPlan({ message }: { message?: string | undefined }): Plan[] {
  const json = /^duration: .* plan:\n(?<json>\{.*\})$/s.exec(message ?? '')?.groups?.json;
  if (json === undefined) return [];
  const { 'Query Text': sql, Plan: root } = JSON.parse(json) as { 'Query Text': string; Plan: Node };
  return [{ sql, root }];
}

/** The rows that a plan reads, by table. */
export function scansOf({ root }: Plan): Scan[] {
  return scans(root);
}

function scans(node: Node): Scan[] {
  const below = (node.Plans ?? []).flatMap(scans);
  const table = node['Relation Name'];
  if (table === undefined || !node['Node Type'].endsWith('Scan')) return below;
  const loops = node['Actual Loops'] ?? 0;
  const each =
    (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return [{ table, type: node['Node Type'], rows: Math.round(each * loops) }, ...below];
}
