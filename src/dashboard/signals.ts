/** A signal that is aborted with any of its sources; to be released when it is no longer needed. */
export interface FollowingSignal {
  signal: AbortSignal;
  release: () => void;
}

/**
 * Makes a function that gives each request a signal of its own, aborted with any of the given ones.
 *
 * Thousands of requests may wait on one signal. A listener each would take time that grows with their square (an EventTarget
 * goes through its list to add or remove one), and `AbortSignal.any` keeps what it made as long as its source lives. So
 * there is one listener a source.
 */
export function createFollower(): (...sources: (AbortSignal | undefined)[]) => FollowingSignal {
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
