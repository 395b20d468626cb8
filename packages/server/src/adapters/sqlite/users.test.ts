import { join } from 'node:path';
import { describe, onTestFinished } from 'vitest';
import { folders } from '../../../test/folder.ts';
import { testUserStores } from '../../../test/suites/user-store.ts';
import { openSchema } from './schema.ts';
import { sqliteUsers } from './users.ts';

const folder = folders(onTestFinished);

describe('users and sessions in SQLite', () =>
  testUserStores(async () => {
    const path = join(await folder(), 'fota.db');
    const opened = async (): Promise<ReturnType<typeof sqliteUsers>> => {
      const database = await openSchema(path);
      onTestFinished(() => database.close());
      return sqliteUsers(database, path);
    };
    return { ...(await opened()), reopened: opened };
  }));
