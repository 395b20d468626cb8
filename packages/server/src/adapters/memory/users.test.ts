import { describe } from 'vitest';
import { testUserStores } from '../../../test/suites/user-store.ts';
import { memoryUsers } from './users.ts';

describe('users and sessions in memory', () =>
  testUserStores(async () => {
    const stores = memoryUsers();
    return { ...stores, reopened: async () => stores };
  }));
