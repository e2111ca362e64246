const redrawEveryMs = 100;

/** The last lines of a terminal, redrawn in place. All other output is printed above them. */
export interface StatusLine {
  /** Shows a line until it is cleared; `text` is called for every redraw. Lines keep the order in which they began. */
  show(key: string, text: () => string): void;
  clear(key: string): void;
  /** Prints whole lines. */
  printAbove(lines: string): void;
}

export function createStatusLine(stream: NodeJS.WriteStream): StatusLine {
  const texts = new Map<string, () => string>();
  let drawn: readonly string[] = [];
  let timer: NodeJS.Timeout | undefined;
  // Line by line: what is cleared from the first line of the screen down, tmux keeps in its history.
  const erase = () => {
    for (let left = drawn.length; left > 0; left -= 1) {
      stream.cursorTo(0);
      stream.clearLine(0);
      if (left > 1) stream.moveCursor(0, -1);
    }
    drawn = [];
  };
  const draw = () => {
    const wanted = fitting([...texts.values()].map((text) => text()));
    if (wanted.length === drawn.length && wanted.every((line, index) => line === drawn[index])) return;
    erase();
    stream.write(wanted.join('\n'));
    drawn = wanted;
  };
  // Neither a wrapped line nor one that has scrolled away can be redrawn in place.
  const fitting = (lines: readonly string[]): string[] => {
    const most = Math.max(1, (stream.rows || 24) - 1);
    const shown = lines.length <= most ? lines : [...lines.slice(0, most - 1), `… and ${lines.length - most + 1} more`];
    return shown.map((line) => line.slice(0, Math.max(1, (stream.columns || 80) - 1)));
  };
  return {
    show(key, text) {
      texts.set(key, text);
      if (timer !== undefined) return;
      timer = setInterval(draw, redrawEveryMs).unref();
      draw();
    },
    clear(key) {
      texts.delete(key);
      if (texts.size > 0) return;
      clearInterval(timer);
      timer = undefined;
      erase();
    },
    printAbove(lines) {
      erase();
      stream.write(lines);
      if (timer !== undefined) draw();
    },
  };
}
