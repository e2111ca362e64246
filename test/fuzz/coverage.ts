import { type Profiler, Session } from 'node:inspector';

/** Which characters of a function's source have run, by the function's script and place. */
type Covered = ReadonlyMap<string, Uint8Array>;

/** Measures which code of the program runs, by V8's own coverage of blocks. */
export class Coverage {
  readonly #all = new Map<string, Uint8Array>();

  constructor() {
    if (session !== undefined) return;
    session = new Session();
    session.connect();
    post('Profiler.enable');
    post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** What the work runs of the program. */
  async measure(work: () => unknown): Promise<Covered> {
    post('Profiler.takePreciseCoverage');
    await work();
    const { result } = post('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType;
    const covered = new Map<string, Uint8Array>();
    for (const { url, functions } of result) {
      if (!url.includes('/dist/src/')) continue;
      for (const { ranges } of functions) {
        const [whole] = ranges;
        if (whole === undefined || whole.count === 0) continue;
        const { startOffset: start, endOffset: end } = whole;
        const ran = new Uint8Array(end - start);
        // Inner ranges come after those that contain them.
        for (const range of ranges)
          ran.fill(Math.min(range.count, 1), range.startOffset - start, range.endOffset - start);
        covered.set(`${url}:${start}-${end}`, ran);
      }
    }
    return covered;
  }

  /** Adds what ran; returns whether any of it is new. */
  add(covered: Covered): boolean {
    let isNew = false;
    for (const [place, ran] of covered) {
      const before = this.#all.get(place) ?? new Uint8Array(ran.length);
      for (const [index, value] of ran.entries()) {
        if (value === 0 || before[index] === 1) continue;
        before[index] = 1;
        isNew = true;
      }
      this.#all.set(place, before);
    }
    return isNew;
  }

  /** Whether any of it is new. */
  isNew(covered: Covered): boolean {
    return [...covered].some(([place, ran]) => {
      const before = this.#all.get(place);
      return before === undefined || ran.some((value, index) => value === 1 && before[index] === 0);
    });
  }
}

/** One for the process: V8 counts the blocks only of functions that it compiles while a session counts them. */
let session: Session | undefined;

/** The inspector of this thread answers before `post` returns. */
function post(method: string, params: object = {}): unknown {
  let answer: unknown;
  let failure: Error | null = null;
  session?.post(method, params, (error, result) => {
    failure = error;
    answer = result;
  });
  if (failure !== null) throw failure;
  return answer;
}
