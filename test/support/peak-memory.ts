/** Prints the peak resident set size of a process at its end: a module for `node --import`. */
export const printPeak = `data:text/javascript,${encodeURIComponent(
  "process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS, 'KiB'))",
)}`;

/** The peak in bytes that `printPeak` printed; NaN if it didn't. */
export function peakIn(stderr: string): number {
  return Number(/^peak (\d+) KiB$/m.exec(stderr)?.[1]) * 1024;
}
