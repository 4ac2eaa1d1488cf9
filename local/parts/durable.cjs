// For `node --require`, before Azurite: acknowledges nothing that is not on disk, and ends with the parent process.
//
// Azurite 3.35 keeps its data in LokiJS, which writes all of a database to a file every 5 s (`autosaveInterval` in
// dist/src/*/persistence/Loki*MetadataStore.js): a kill loses what was acknowledged since.  Here each answer waits until
// all changes before it are in a log on disk.  LokiJS itself lists what has changed, in `dirtyIds` of a collection
// (`isIncremental`).  The whole database is written at the start, when a collection comes or goes, and when the log has
// grown; a new log begins then.  Each record holds whole documents, so that a log may be read again over a newer file.
// Files are flushed before they take the place of others.  Azurite flushes the texts of messages (FSExtentStore.js).
"use strict";

const fs = require("fs");
const http = require("http");
const path = require("path");

const Loki = require(require.resolve("lokijs", { paths: [path.dirname(fs.realpathSync(process.argv[1]))] }));

const LARGEST_LOG = 4 * 1024 * 1024; // bytes, or the size of the database if that is more

/** Keeps one database: an adapter of LokiJS, besides the log. */
class Keeper {
  constructor(database) {
    this.database = database;
    this.work = Promise.resolve(); // one write at a time
    this.kept = Promise.resolve(); // resolves when all changes so far are on disk
    this.known = null; // names of the collections in the file
    this.log = null;
    this.number = 0;
    this.logged = 0;
    this.limit = LARGEST_LOG;
  }

  /** Resolves when all changes so far are on disk. */
  saved() {
    const { database } = this;
    const names = JSON.stringify(database.collections.map((one) => one.name));
    if ((this.known !== null && names !== this.known) || this.logged > this.limit) {
      const whole = new Promise((resolve, reject) => {
        database.saveDatabase((error) => (error ? reject(error) : resolve()));
      });
      this.kept = Promise.all([this.kept, whole]);
    } else if (database.autosaveDirty()) {
      this.work = this.work.then(() => this.append());
      this.kept = Promise.all([this.kept, this.work]);
    }
    return this.kept;
  }

  /** Write what has changed to the log.  Of several that wait, the first finds the changes of all. */
  async append() {
    const records = this.database.collections.filter((one) => one.dirty).map(changes);
    if (!records.length) return;
    const text = records.map((one) => `${JSON.stringify(one)}\n`).join("");
    this.log ??= await fs.promises.open(this.path(this.number), "a", 0o600);
    await this.log.writeFile(text);
    await this.log.datasync();
    this.logged += text.length;
  }

  /** LokiJS calls this with all that is there now. */
  saveDatabase(name, text, done) {
    for (const one of this.database.collections) one.dirtyIds = [];
    this.known = JSON.stringify(this.database.collections.map((one) => one.name));
    this.logged = 0;
    this.limit = Math.max(LARGEST_LOG, text.length);
    this.work = this.work.then(() => this.replace(name, text));
    this.work.then(() => done(null), done);
  }

  async replace(name, text) {
    await this.log?.close();
    this.log = null;
    this.number += 1;
    const file = await fs.promises.open(`${name}~`, "w", 0o600);
    await file.writeFile(text);
    await file.sync();
    await file.close();
    await fs.promises.rename(`${name}~`, name);
    await flushFolder(path.dirname(name));
    for (const old of this.logs().filter((one) => one < this.number)) await fs.promises.unlink(this.path(old));
  }

  /** LokiJS calls this at the start. */
  loadDatabase(name, done) {
    try {
      if (!fs.existsSync(name)) return done(null);
      const whole = JSON.parse(fs.readFileSync(name, "utf8"));
      const logs = this.logs();
      this.number = logs.at(-1) ?? 0;
      if (logs.length) replay(whole, logs.map((log) => fs.readFileSync(this.path(log), "utf8")));
      return done(whole);
    } catch (error) {
      return done(error);
    }
  }

  path(number) {
    return `${this.database.filename}.log.${number}`;
  }

  /** The numbers of the logs that are there, in order. */
  logs() {
    const start = `${path.basename(this.database.filename)}.log.`;
    const names = fs.readdirSync(path.dirname(this.database.filename)).filter((name) => name.startsWith(start));
    return names.map((name) => Number(name.slice(start.length))).sort((one, other) => one - other);
  }
}

/** Return what has changed in a collection, and take it for unchanged from now on. */
function changes(collection) {
  const ids = [...new Set(collection.dirtyIds)];
  collection.dirtyIds = [];
  collection.dirty = false;
  const documents = ids.map((id) => collection.get(id));
  return {
    collection: collection.name,
    maxId: collection.maxId,
    documents: documents.filter((one) => one !== null),
    gone: ids.filter((_, index) => documents[index] === null),
  };
}

/** Apply logs.  The last line of one may be torn: then nobody was told of it. */
function replay(whole, logs) {
  const collections = new Map(whole.collections.map((one) => [one.name, one]));
  const documents = new Map(
    whole.collections.map((one) => [one.name, new Map(one.data.map((document) => [document.$loki, document]))]),
  );
  for (const line of logs.flatMap((text) => text.split("\n").slice(0, -1))) {
    const record = JSON.parse(line);
    const there = documents.get(record.collection);
    if (!there) continue; // it was removed later
    for (const one of record.documents) there.set(one.$loki, one);
    for (const id of record.gone) there.delete(id);
    collections.get(record.collection).maxId = record.maxId;
  }
  for (const [name, collection] of collections) {
    collection.data = [...documents.get(name).values()].sort((one, other) => one.$loki - other.$loki);
  }
  whole.databaseVersion = 0; // then LokiJS builds its indexes anew
}

async function flushFolder(folder) {
  if (process.platform === "win32") return; // it cannot be opened there
  const file = await fs.promises.open(folder, "r");
  await file.sync();
  await file.close();
}

const keepers = [];

const configureOptions = Loki.prototype.configureOptions;
Loki.prototype.configureOptions = function (...rest) {
  configureOptions.apply(this, rest);
  this.autosaveDisable();
  this.persistenceAdapter = new Keeper(this);
  this.isIncremental = true;
  keepers.push(this.persistenceAdapter);
};

const end = http.ServerResponse.prototype.end;
http.ServerResponse.prototype.end = function (...rest) {
  Promise.all(keepers.map((one) => one.saved())).then(
    () => end.apply(this, rest),
    (error) => {
      console.error(`Cannot save: ${error.message}`);
      process.exit(1); // nothing is acknowledged; the next process goes on from what is on disk
    },
  );
  return this;
};

process.stdin.on("end", () => process.kill(process.pid, "SIGTERM")).on("error", () => {}).resume();
process.stdin.unref(); // it does not keep the process alive
