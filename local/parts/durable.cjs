// For `node --require`, before Azurite: acknowledges nothing that is not on disk, and ends with the parent process.
//
// Azurite 3.35 keeps its data in LokiJS, which writes to disk every 5 s (`autosaveInterval` in
// dist/src/*/persistence/Loki*MetadataStore.js): a kill loses what was acknowledged since.  Here each answer waits until
// all changes before it are saved; those that wait together share one save, as LokiJS itself arranges it
// (`throttledSaves`).  A save goes to another file, is flushed, and takes the place of the old one, so that the file is
// whole whenever the process or the machine stops.  The texts of messages are flushed by Azurite (FSExtentStore.js).
"use strict";

const fs = require("fs");
const http = require("http");
const path = require("path");

const Loki = require(require.resolve("lokijs", { paths: [path.dirname(fs.realpathSync(process.argv[1]))] }));

/** Writes like LokiFsAdapter, and flushes both the file and its folder. */
class DurableAdapter extends Loki.LokiFsAdapter {
  saveDatabase(name, text, done) {
    write(name, text).then(() => done(null), done);
  }
}

async function write(name, text) {
  const file = await fs.promises.open(`${name}~`, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.promises.rename(`${name}~`, name);
  if (process.platform === "win32") return; // a folder cannot be opened there
  const folder = await fs.promises.open(path.dirname(name), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Each open database, with the last of its saves. */
const saves = new Map();

const configureOptions = Loki.prototype.configureOptions;
Loki.prototype.configureOptions = function (...rest) {
  configureOptions.apply(this, rest);
  this.persistenceAdapter = new DurableAdapter();
  saves.set(this, Promise.resolve());
};

/** Resolves when all changes so far are on disk. */
function saved() {
  for (const database of saves.keys()) {
    if (!database.autosaveDirty()) continue; // what changed is saved, or part of the save under way
    saves.set(database, new Promise((resolve, reject) => {
      database.saveDatabase((error) => (error ? reject(error) : resolve()));
    }));
  }
  return Promise.all(saves.values()).catch((error) => {
    console.error(`Cannot save: ${error.message}`);
    process.exit(1); // nothing is acknowledged; the next process goes on from what is on disk
  });
}

const end = http.ServerResponse.prototype.end;
http.ServerResponse.prototype.end = function (...rest) {
  saved().then(() => end.apply(this, rest));
  return this;
};

process.stdin.on("end", () => process.kill(process.pid, "SIGTERM")).on("error", () => {}).resume();
process.stdin.unref(); // it does not keep the process alive
