import { Readable } from 'node:stream';
import { Type } from 'typebox';
import type { Backups } from '../../../usecases/backup.ts';
import { changes } from '../access.ts';
import type { App } from '../route.ts';

/** Milliseconds without a byte after which a client that takes a backup is given up. */
const PATIENCE_MS = 120_000;

const file = Type.Unsafe<Readable>(Type.String({ format: 'binary', description: 'POSIX tar' }));

export function backupRoutes(app: App, backups: Backups): void {
  app.post(
    '/backup',
    {
      config: changes('admin', 'server', { action: 'server.backup' }),
      schema: {
        tags: ['status'],
        summary: 'Make a backup, and send it',
        description:
          'A tar file: manifest.json with the size and SHA-256 of each file, fota.db, packages. It holds all that the server knows, hashes of tokens and passwords included. The first byte comes once the database is copied. Devices are answered meanwhile.',
        response: {
          200: {
            description: 'The backup',
            content: { 'application/x-tar': { schema: file } },
          },
        },
        problems: ['backup-running', 'disk-full', 'data-dir-unusable', 'database-damaged'],
      },
    },
    async ({ raw }, reply) => {
      // Copying and hashing are no silence that should end the connection.
      raw.socket.setTimeout(0);
      const { manifest, size, bytes } = await backups.begin();
      raw.socket.setTimeout(PATIENCE_MS);
      const name = `fota-${manifest.createdAt.replace(/[-:]|\.\d+/g, '')}.tar`;
      reply.header('Content-Length', String(size));
      reply.header('Content-Disposition', `attachment; filename="${name}"`);
      return reply.type('application/x-tar').send(Readable.from(bytes, { objectMode: false }));
    },
  );
}
