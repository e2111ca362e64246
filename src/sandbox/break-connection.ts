import type { Socket } from 'node:net';

/**
 * Resets a connection. If the connection is already ending, closes it instead: libuv refuses to reset it, and Node then
 * never releases the handle, so the process spins instead of exiting.
 */
export function breakConnection(socket: Socket | null): void {
  if (socket?.writableEnded) socket.destroy();
  else socket?.resetAndDestroy();
}
