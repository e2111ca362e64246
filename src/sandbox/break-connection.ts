import type { Socket } from 'node:net';

/**
 * Resets a connection. One that is ending already is closed instead: libuv refuses to reset it, and Node then keeps its handle for
 * ever, so that the process spins where it should end.
 */
export function breakConnection(socket: Socket | null): void {
  if (socket?.writableEnded) socket.destroy();
  else socket?.resetAndDestroy();
}
