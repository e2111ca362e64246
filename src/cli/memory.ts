import { setFlagsFromString } from 'node:v8';

/**
 * Lets the garbage collector run when the heap has doubled since its last full collection, in place of V8's fourfold.
 *
 * A night holds no more than two pages at a time: after each full collection the heap is the same 21-26 MB, at the first page
 * as at the six-hundredth. But every page leaves megabytes of text behind, and V8 puts off collecting them until the heap is four
 * times that size, so that a long night's peak was 40 % above a short one's (209 and 148 MB for a million and a hundred
 * thousand numbers). So both stay near 160 MB (167 and 150), for no processor time that could be measured. Smaller semi-spaces,
 * the other way to save, made it worse: pages then grow old before they are done with.
 */
export function collectEarly(): void {
  setFlagsFromString('--heap-growing-percent=100');
}

/**
 * Keeps the space for young objects as small as it is, for commands that stream: through an archive that they hold in memory, or
 * through a file of numbers. It would grow to 48 MB, of which such a stream needs next to nothing. To be called before much else is
 * loaded; it does not shrink again.
 */
export function keepYoungSpaceSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
