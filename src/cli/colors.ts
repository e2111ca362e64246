/** Whether to color what is written to a stream: a terminal that can, unless `NO_COLOR` is set (https://no-color.org). */
export function hasColors(stream: NodeJS.WriteStream): boolean {
  // Node.js ignores NO_COLOR if FORCE_COLOR is set.
  return stream.isTTY && !process.env.NO_COLOR && stream.hasColors();
}
