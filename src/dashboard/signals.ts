/** A signal that aborts when any of its sources does. Release it when it is no longer needed. */
export interface CombinedSignal {
  signal: AbortSignal;
  release: () => void;
}

/** The controllers that follow a source, with one listener for all of them. */
interface Followers {
  controllers: Set<AbortController>;
  listener: () => void;
}

/**
 * Creates a function that combines signals into a new one, which aborts when any of them does.
 *
 * Thousands of requests may share a source. One listener per request would take quadratic time (an EventTarget searches
 * its list to add or remove a listener), and `AbortSignal.any` keeps each result as long as its source lives. So each
 * source gets a single listener, which is removed with the last follower: a source that comes from `AbortSignal.any` is
 * never freed while it has one.
 */
export function createSignalCombiner(): (...sources: (AbortSignal | undefined)[]) => CombinedSignal {
  const followers = new WeakMap<AbortSignal, Followers>();

  const follow = (source: AbortSignal, controller: AbortController): void => {
    let present = followers.get(source);
    if (present === undefined) {
      const controllers = new Set<AbortController>();
      present = { controllers, listener: () => abortAll(controllers, source.reason) };
      source.addEventListener('abort', present.listener, { once: true });
      followers.set(source, present);
    }
    present.controllers.add(controller);
  };

  const unfollow = (source: AbortSignal, controller: AbortController): void => {
    const present = followers.get(source);
    if (present === undefined || !present.controllers.delete(controller) || present.controllers.size > 0) return;
    source.removeEventListener('abort', present.listener);
    followers.delete(source);
  };

  return (...sources) => {
    const controller = new AbortController();
    const joined: AbortSignal[] = [];
    for (const source of sources) {
      if (source?.aborted) {
        controller.abort(source.reason);
      } else if (source !== undefined) {
        follow(source, controller);
        joined.push(source);
      }
    }
    const release = () => {
      for (const source of joined) unfollow(source, controller);
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
