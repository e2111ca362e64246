import type { Agent } from 'undici';

/** What all requests of a client have in common. */
export interface Wire {
  agent: Agent;
  firstByteMs: number;
  betweenBytesMs: number;
  totalMs: number;
  maxBodyBytes: number;
  userAgent: string;
}

export function wireOptions(wire: Wire, url: URL, signal: AbortSignal) {
  const { agent, firstByteMs, betweenBytesMs, totalMs } = wire;
  return { agent, firstByteMs, betweenBytesMs, totalMs, url, signal };
}
