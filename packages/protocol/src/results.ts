/** The numbers that a device's callback gets (docs/protocol.md §1). */
export const RESULT = {
  /** A whole, verified, non-empty image lies at the target. */
  success: 0,
  /** No connection: name, port, route or TLS. */
  connectionFailed: 1,
  /** The URL is malformed or has a scheme other than http and https. */
  urlWrong: 2,
  /** The server closed or lost the connection, and retries did not help. */
  disconnected: 3,
  /** Every other answer, "no upgrade" included. */
  messageError: 4,
  /** The IoT platform needs a product key and VERSION as xxx.yyy.zzz. */
  versionFormat: 5,
} as const;

export type ResultNumber = (typeof RESULT)[keyof typeof RESULT];
