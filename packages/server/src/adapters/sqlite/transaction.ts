import { type Database, translate } from './database.ts';

/** Runs `work` in one transaction: all of it is written, or nothing. */
export type Transaction = <T>(against: 'kill' | 'power-cut', work: () => T) => T;

/** Runs `work`, which only reads. */
export type Reading = <T>(work: () => T) => T;

/** @throws FotaServerError `database-damaged`, `data-dir-unusable` */
export function readings(path: string): Reading {
  return (work) => {
    try {
      return work();
    } catch (error) {
      throw translate(path, error);
    }
  };
}

/** @throws FotaServerError `disk-full`, `database-damaged`, `data-dir-unusable` */
export function transactions(database: Database, path: string): Transaction {
  return (against, work) => {
    try {
      if (against === 'power-cut') database.exec('PRAGMA synchronous = FULL');
      database.exec('BEGIN IMMEDIATE');
      const result = work();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
      throw translate(path, error);
    } finally {
      if (against === 'power-cut' && database.isOpen) database.exec('PRAGMA synchronous = NORMAL');
    }
  };
}
