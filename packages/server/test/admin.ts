import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { scryptPasswords } from '../src/adapters/scrypt/passwords.ts';
import { openSnapshots } from '../src/adapters/sqlite/snapshot.ts';
import { type Application, type Closers, openApplication } from '../src/application.ts';
import type { Question } from '../src/domain/device.ts';
import { type Admin, type AdminParts, createAdmin } from '../src/http/admin/admin.ts';
import { settingsOf } from '../src/options.ts';
import type { Passwords } from '../src/ports/users.ts';
import { createBackups } from '../src/usecases/backup.ts';

export interface Heard {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Of JSON. */
  readonly body: unknown;
}

export interface Asked {
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly bytes?: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RunningAdmin {
  readonly application: Application;
  readonly admin: Admin;
  readonly port: number;
  readonly socket: string;
  readonly dataDir: string;
  /** What was reported. */
  readonly problems: readonly unknown[];
  /** Over the local socket; `METHOD path`, below /api/v1. */
  ask(line: string, asked?: Asked): Promise<Heard>;
  /** The same over the network. */
  askByPort(line: string, asked?: Asked): Promise<Heard>;
  close(): Promise<void>;
}

/** Of a password. What one costs in earnest is another test's matter. */
const CHEAP = scryptPasswords({ logN: 4, r: 1, p: 1 });

/** The admin side of a whole application on a data folder. Passwords cost next to nothing, if not told otherwise. */
export async function runAdmin(
  dataDir: string,
  changes: (application: Application) => Partial<AdminParts> = () => ({}),
  passwords: Passwords = CHEAP,
): Promise<RunningAdmin> {
  const problems: unknown[] = [];
  const closers: Closers = [];
  const onProblem = (problem: unknown): void => void problems.push(problem);
  const application = await openApplication(dataDir, settingsOf({ dataDir, onProblem }), closers, passwords);
  const facts = () => ({
    version: '0.1.0',
    startedAt: 0,
    dataDir,
    deviceUrl: undefined,
    deviceTlsUrl: undefined,
    certificates: { devices: undefined, admin: undefined },
    deviceHost: undefined,
    paths: ['/upgrade'],
    adminUrl: undefined,
    expiring: application.expiring(),
    problems: application.problems(),
  });
  const backups = createBackups({
    snapshots: await openSnapshots(join(dataDir, 'fota.db')),
    packages: application.packages,
    now: Date.now,
    version: '0.1.0',
    encode: (text) => Buffer.from(text),
  });
  const admin = createAdmin({ ...application, backups, facts, ...changes(application) });
  const socket = await admin.listenLocally(dataDir);
  admin.server.listen(0, '127.0.0.1');
  await once(admin.server, 'listening');
  const { port } = admin.server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  return {
    application,
    admin,
    port,
    socket,
    dataDir,
    problems,
    ask: (line, asked) => ask({ socketPath: socket }, line, asked),
    askByPort: (line, asked) => ask({ port, host: '127.0.0.1' }, line, asked),
    close: () => {
      closed ??= (async () => {
        await admin.close(20_000);
        for (const close of closers.reverse()) await close(20_000);
      })();
      return closed;
    },
  };
}

async function ask(
  way: { readonly socketPath: string } | { readonly port: number; readonly host: string },
  line: string,
  { json, bytes, headers = {} }: Asked = {},
): Promise<Heard> {
  const [method = '', path = ''] = line.split(' ', 2);
  const content = json === undefined ? bytes : JSON.stringify(json);
  const question = request({
    ...way,
    method,
    path: path.startsWith('/api') ? path : `/api/v1${path}`,
    agent: false,
    headers: {
      ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(content === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(content)) }),
      ...headers,
    },
  });
  // Who answers and hangs up while the rest still comes has answered.
  question.on('error', () => undefined);
  question.end(content);
  const [answer] = await once(question, 'response');
  const parts: Uint8Array[] = [];
  for await (const part of answer) parts.push(part);
  const text = Buffer.concat(parts).toString();
  const isJson = text !== '' && /json/.test(answer.headers['content-type'] ?? '');
  return { status: answer.statusCode, headers: answer.headers, text, body: isJson ? JSON.parse(text) : undefined };
}

/** A device asks, as the device side has it. */
export async function checkIn({ checkIns }: Application, question: Question): Promise<void> {
  const decision = checkIns.decide(question);
  if (decision.answer === 'upgrade') await checkIns.offered(question, decision);
  else await checkIns.answered(decision);
}

/** Uploads a file over the local socket, whole. Resolves to its id. */
export async function uploaded({ ask }: RunningAdmin, bytes: Uint8Array, fileName = 'app.bin'): Promise<string> {
  const begun = await ask('POST /uploads', { json: { fileName, size: bytes.length } });
  const { id } = begun.body as { readonly id: string };
  await ask(`PATCH /uploads/${id}`, { bytes, headers: { 'Content-Type': OCTETS, 'Upload-Offset': '0' } });
  return id;
}

export const OCTETS = 'application/octet-stream';
