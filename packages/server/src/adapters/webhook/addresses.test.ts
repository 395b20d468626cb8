import { expect, it } from 'vitest';
import { type AddressKind, kindOf } from './addresses.ts';

const KINDS: ReadonlyArray<readonly [kind: AddressKind, ...addresses: string[]]> = [
  ['public', '1.1.1.1', '11.0.0.1', '172.32.0.1', '192.169.0.1', '169.253.0.1', '2606:4700::1111', '2a00:1450::1'],
  ['private', '127.0.0.1', '127.255.255.254', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1'],
  ['private', '::1', 'fc00::1', 'fd12:3456::1', '::ffff:10.0.0.1', '::ffff:7f00:1'],
  [
    'never',
    '0.0.0.0',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '224.0.0.1',
    '255.255.255.255',
  ],
  ['never', '::', 'fe80::1', 'ff02::1', 'fd00:ec2::254', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe'],
  ['never', '::ffff:1.1.1.1', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::1', '::7f00:1'],
];

it.each(KINDS)('%s are %s %s %s', (kind, ...addresses) => {
  for (const address of addresses) expect(kindOf(address), address).toBe(kind);
});
