/** A signal that aborts when any of its sources does. Release it when it is no longer needed. */
export interface CombinedSignal {
  signal: AbortSignal;
  release: () => void;
}

/**
 * Creates a function that combines signals into a new one, which aborts when any of them does.
 *
 * Thousands of requests may share a source. One listener per request would take quadratic time (an EventTarget searches
 * its list to add or remove a listener), and `AbortSignal.any` keeps each result as long as its source lives. So each
 * source gets a single listener.
 */
export function createSignalCombiner(): (...sources: (AbortSignal | undefined)[]) => CombinedSignal {
  const followers = new WeakMap<AbortSignal, Set<AbortController>>();

  const followersOf = (source: AbortSignal): Set<AbortController> => {
    let present = followers.get(source);
    if (present === undefined) {
      const made = new Set<AbortController>();
      source.addEventListener('abort', () => abortAll(made, source.reason), { once: true });
      followers.set(source, made);
      present = made;
    }
    return present;
  };

  return (...sources) => {
    const controller = new AbortController();
    const joined: Set<AbortController>[] = [];
    for (const source of sources) {
      if (source?.aborted) {
        controller.abort(source.reason);
      } else if (source !== undefined) {
        joined.push(followersOf(source).add(controller));
      }
    }
    const release = () => {
      for (const set of joined) {
        set.delete(controller);
      }
    };
    return { signal: controller.signal, release };
  };
}

function abortAll(controllers: Set<AbortController>, reason: unknown): void {
  for (const controller of controllers) {
    controller.abort(reason);
  }
  controllers.clear();
}
