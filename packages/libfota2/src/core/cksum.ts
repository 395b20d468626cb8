/** The checksum of POSIX' `cksum`, for a shell must be able to compute it. */
const TABLE: readonly number[] = Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1) ^ (crc < 0 ? 0x04c1_1db7 : 0);
  return crc;
});

/** As `cksum` prints it first: the CRC of the bytes and, behind them, of their number. */
export function cksum(bytes: Uint8Array): number {
  let crc = 0;
  const add = (byte: number): void => {
    crc = (crc << 8) ^ (TABLE[(crc >>> 24) ^ byte] ?? 0);
  };
  for (const byte of bytes) add(byte);
  for (let length = bytes.length; length > 0; length >>>= 8) add(length & 0xff);
  return ~crc >>> 0;
}
