import { readdir, readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

/** A text that a user may read, with its place. */
export interface Text {
  /** Relative to the project. */
  file: string;
  line: number;
  text: string;
  /** The whole of it is a command line, as in a code block. */
  isCode: boolean;
}

/** Stands for a value that is known only when the program runs: `${…}` of a template. */
export const unknownValue = '\uFFFC';

/** Every string and template literal of the sources below the folders; strings that are joined by + are one text. */
export function textsOfSources(folders: readonly string[]): Text[] {
  const api = new API({ cwd: process.cwd() });
  try {
    const [project] = api.updateSnapshot({ openProject: resolve('tsconfig.json') }).getProjects();
    if (project === undefined) throw new Error('tsconfig.json is no project');
    return project.program
      .getSourceFileNames()
      .map((path) => ({ path, file: relative(process.cwd(), path) }))
      .filter(({ file }) => folders.some((folder) => file.startsWith(`${folder}/`)))
      .flatMap(({ path, file }) => textsOfSource(file, project.program.getSourceFile(path) as SourceFile));
  } finally {
    api.close();
  }
}

function textsOfSource(file: string, source: SourceFile): Text[] {
  const texts: Text[] = [];
  const visit = (node: Node): void => {
    const text = textOf(node);
    if (text === undefined) {
      node.forEachChild(visit);
      return;
    }
    const line = source.text.slice(0, node.getStart(source)).split('\n').length;
    texts.push({ file, line, text, isCode: false });
    expressionsIn(node).forEach(visit);
  };
  source.forEachChild(visit);
  return texts;
}

/** The text that a literal makes, or several joined by +; undefined for any other node. */
function textOf(node: Node): string | undefined {
  const { kind } = node;
  if (kind === SyntaxKind.StringLiteral || kind === SyntaxKind.NoSubstitutionTemplateLiteral)
    return (node as Node & { text: string }).text;
  if (kind === SyntaxKind.TemplateExpression) {
    const { head, templateSpans } = node as TemplateExpression;
    return head.text + templateSpans.map(({ literal }) => `${unknownValue}${literal.text}`).join('');
  }
  if (kind === SyntaxKind.BinaryExpression) {
    const { left, right, operatorToken } = node as BinaryExpression;
    if (operatorToken.kind !== SyntaxKind.PlusToken) return undefined;
    const [before, after] = [textOf(left), textOf(right)];
    if (before !== undefined || after !== undefined) return `${before ?? unknownValue}${after ?? unknownValue}`;
  }
  return undefined;
}

/** What a text is made with: it may hold texts of its own. */
function expressionsIn(node: Node): Node[] {
  if (node.kind === SyntaxKind.TemplateExpression)
    return (node as TemplateExpression).templateSpans.map(({ expression }) => expression);
  if (node.kind !== SyntaxKind.BinaryExpression) return [];
  const { left, right } = node as BinaryExpression;
  return [left, right].flatMap((side) => (textOf(side) === undefined ? [side] : expressionsIn(side)));
}

type TemplateExpression = Node & {
  head: { text: string };
  templateSpans: readonly { expression: Node; literal: { text: string } }[];
};
type BinaryExpression = Node & { left: Node; right: Node; operatorToken: Node };

/** The code of Markdown files: lines of their blocks, and spans. */
export async function textsOfMarkdown(files: readonly string[]): Promise<Text[]> {
  const texts: Text[] = [];
  for (const file of files) {
    const content = await readFile(file, 'utf8');
    const lineOf = (index: number) => content.slice(0, index).split('\n').length;
    for (const block of content.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)) {
      // A line that ends with a backslash goes on in the next one.
      const lines = (block[1] as string).replace(/\\\n */g, '').split('\n');
      const first = lineOf(block.index) + 1;
      for (const [index, text] of lines.entries()) texts.push({ file, line: first + index, text, isCode: true });
    }
    const prose = content.replace(/^```\w*\n[\s\S]*?^```$/gm, (block) => block.replace(/[^\n]/g, ' '));
    for (const span of prose.matchAll(/`([^`]+)`/g)) {
      texts.push({ file, line: lineOf(span.index), text: (span[1] as string).replace(/\s+/g, ' '), isCode: true });
    }
  }
  return texts;
}

/** Files as they are, line by line. */
export async function textsOfLines(files: readonly string[]): Promise<Text[]> {
  const texts: Text[] = [];
  for (const file of files) {
    const lines = (await readFile(file, 'utf8')).split('\n');
    for (const [index, text] of lines.entries()) texts.push({ file, line: index + 1, text, isCode: false });
  }
  return texts;
}

/** Paths of the files below a folder whose names end so. */
export async function filesBelow(folder: string, ending: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith(ending)).map((name) => `${folder}/${name}`);
}
