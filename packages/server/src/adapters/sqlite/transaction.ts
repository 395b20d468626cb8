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

/** What goes along with each transaction against power cuts. */
export interface Along {
  begin(): void;
  /** Writes into the transaction, after its work. */
  beforeCommit(): void;
  committed(): void;
}

/** @throws FotaServerError `disk-full`, `database-damaged`, `data-dir-unusable` */
export function transactions(database: Database, path: string, along?: Along): Transaction {
  return (against, work) => {
    const rider = against === 'power-cut' ? along : undefined;
    try {
      if (against === 'power-cut') database.exec('PRAGMA synchronous = FULL');
      database.exec('BEGIN IMMEDIATE');
      rider?.begin();
      const result = work();
      rider?.beforeCommit();
      database.exec('COMMIT');
      rider?.committed();
      return result;
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
      throw translate(path, error);
    } finally {
      if (against === 'power-cut' && database.isOpen) database.exec('PRAGMA synchronous = NORMAL');
    }
  };
}
