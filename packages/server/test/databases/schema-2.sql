-- What a server of the second schema left, of two projects, two releases, three devices and a token.
BEGIN TRANSACTION;
CREATE TABLE device (
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    firmware_name TEXT NOT NULL,
    id_kind TEXT NOT NULL,
    version TEXT NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    asked INTEGER NOT NULL,
    rule TEXT NOT NULL,
    sent_release INTEGER,
    sent_version TEXT,
    sent_sha256 TEXT,
    sent_size INTEGER,
    sent_told TEXT,
    sent_doubtful_until INTEGER,
    sent_at INTEGER,
    delivered_sha256 TEXT,
    delivered_version TEXT,
    delivered_count INTEGER,
    delivered_taken_back INTEGER,
    delivered_since INTEGER,
    PRIMARY KEY (project, id, firmware_name)
  ) STRICT, WITHOUT ROWID;
INSERT INTO "device" VALUES('sample','867','app','imei','1.0.0',1795637860000,1795637860000,1,'newer-release',2,'1.2.0','a761c47da1bdd87f59254c7b86c7ce0ffcc66ad0e002c2f526eae23a2740761e',9,'1.0.0',0,1795637860000,'a761c47da1bdd87f59254c7b86c7ce0ffcc66ad0e002c2f526eae23a2740761e','1.0.0',1,0,1795637860000);
INSERT INTO "device" VALUES('sample','868','app','imei','1.2.0',1795637860034,1795637860034,1,'newest',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "device" VALUES('sample','869','app','imei','x',1795637860081,1795637860081,1,'version-unreadable',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE device_access (
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    access TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (project, id)
  ) STRICT, WITHOUT ROWID;
INSERT INTO "device_access" VALUES('sample','868','blocked',1795637860101);
CREATE TABLE project (
    name TEXT PRIMARY KEY,
    registration TEXT NOT NULL,
    refusals TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
INSERT INTO "project" VALUES('sample','open','json',1795637859935);
INSERT INTO "project" VALUES('其他','open','json',1795637859940);
CREATE TABLE project_key (
    key TEXT PRIMARY KEY,
    project TEXT NOT NULL REFERENCES project,
    place INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
INSERT INTO "project_key" VALUES('8d7b81b707ae0debdd9345cd84c8745a','其他',0);
INSERT INTO "project_key" VALUES('kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk','sample',0);
CREATE TABLE release (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL REFERENCES project,
    firmware_name TEXT NOT NULL,
    version TEXT NOT NULL,
    core TEXT,
    wire_version TEXT NOT NULL,
    state TEXT NOT NULL,
    notes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    published_at INTEGER,
    withdrawn_at INTEGER
  ) STRICT;
INSERT INTO "release" VALUES(1,'sample','app','1.1.0',NULL,'1.1.0','withdrawn','',1795637859951,1795637859951,1795637859954);
INSERT INTO "release" VALUES(2,'sample','app','1.2.0',NULL,'1.2.0','published','better',1795637859954,1795637859954,NULL);
CREATE TABLE release_package (
    release INTEGER NOT NULL REFERENCES release,
    source TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    file_name TEXT NOT NULL,
    format TEXT NOT NULL,
    PRIMARY KEY (release, source)
  ) STRICT, WITHOUT ROWID;
INSERT INTO "release_package" VALUES(1,'any','b873cce066eb02edb88d8bbb06a2b53fe97b14d93b7af43f88f5c57072a61904',9,'','opaque');
INSERT INTO "release_package" VALUES(2,'any','a761c47da1bdd87f59254c7b86c7ce0ffcc66ad0e002c2f526eae23a2740761e',9,'','opaque');
CREATE TABLE token (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT UNIQUE,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
  ) STRICT;
INSERT INTO "token" VALUES('pXqUlG0i','first','cce14a02c53b2ce8f17be092ca35066336e13ce911022285c6ac77ca8e4e512e',1795637859933,NULL);
CREATE TABLE upgrade_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    project TEXT NOT NULL,
    firmware_name TEXT NOT NULL,
    id_kind TEXT NOT NULL,
    device_id TEXT NOT NULL,
    version TEXT NOT NULL,
    code INTEGER NOT NULL,
    rule TEXT,
    release INTEGER,
    release_version TEXT,
    bytes INTEGER,
    detail TEXT
  ) STRICT;
INSERT INTO "upgrade_log" VALUES(1,1795637860000,'offered','sample','app','imei','867','1.0.0',0,'newer-release',2,'1.2.0',NULL,NULL);
INSERT INTO "upgrade_log" VALUES(2,1795637860009,'sent','sample','app','imei','867','1.0.0',0,NULL,2,'1.2.0',9,NULL);
INSERT INTO "upgrade_log" VALUES(3,1795637860034,'refused','sample','app','imei','868','1.2.0',27,'newest',NULL,NULL,NULL,NULL);
INSERT INTO "upgrade_log" VALUES(4,1795637860081,'refused','sample','app','imei','869','x',27,'version-unreadable',NULL,NULL,NULL,NULL);
CREATE INDEX device_firmware ON device (firmware_name, project, id);
CREATE INDEX upgrade_log_device ON upgrade_log (device_id);
CREATE INDEX upgrade_log_project ON upgrade_log (project);
CREATE INDEX upgrade_log_event ON upgrade_log (event);
CREATE INDEX upgrade_log_firmware ON upgrade_log (firmware_name);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('release',2);
INSERT INTO "sqlite_sequence" VALUES('upgrade_log',4);
COMMIT;
PRAGMA user_version = 2;
