import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { API_KEY, productionSettings } from './production-settings.js';
import { SourceFiles } from './source-files.js';

const START_WITHIN_MS = 30_000;
const STORY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;

/** Between two looks at what was called; a look takes 6 ms. */
const SAMPLE_MS = 10;
/** So many samples without a call end a burst: a commit on a busy disk takes longer than one. */
const IDLE_SAMPLES = 4;

/** Files that an idle gateway calls in so many samples are its clockwork (admission ticks each 25 ms): it is idle. */
const LEARNING_SAMPLES = 100;
const CLOCKWORK_SHARE = 0.2;

/**
 * Workers look for what is due four times in the shortest wait, and at least each 500 ms: seldom, so that a burst
 * holds little that is not its own, and at different intervals, so that no two workers keep in step.
 */
const NOTIFICATION_SCHEDULE = '2s,1h';
const RECONCILIATION_SCHEDULE = '1900ms,1h';
const LONGEST_POLL_MS = 500;

/** A built gateway in a process of its own whose calls are counted by V8's precise coverage, through the inspector. */
export class InspectedGateway {
  #folder = mkdtempSync(join(tmpdir(), 'tollgate-path-'));
  #output = '';
  #child;
  #inspector;
  #sources;
  #url;
  #clockwork = new Set();

  /** `servicesUrl` is the external's; the receiver is below it. */
  static async start(program, servicesUrl, { workers }) {
    const gateway = new InspectedGateway(program, { servicesUrl, workers });
    try {
      await gateway.#ready();
    } catch (error) {
      await gateway.stop();
      throw error;
    }
    return gateway;
  }

  constructor(program, settings) {
    this.#sources = new SourceFiles(dirname(program));
    this.#child = spawn(process.execPath, ['--inspect=127.0.0.1:0', program], {
      env: { PATH: process.env.PATH, ...this.#configuration(settings) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (chunk) => (this.#output += chunk));
    }
  }

  async post(path, body) {
    const response = await fetch(`${this.#url}${path}`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${API_KEY}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': randomUUID(),
      },
      body: JSON.stringify(body),
    });
    return { status: response.status, answer: await response.json() };
  }

  /** Ends at a random moment at which the gateway is idle. */
  async pause() {
    await sleep(Math.random() * LONGEST_POLL_MS);
    for (let idleSamples = 0; idleSamples < IDLE_SAMPLES; await sleep(SAMPLE_MS)) {
      idleSamples = this.#isIdle(await this.#calledFiles()) ? idleSamples + 1 : 0;
    }
  }

  /**
   * The source files of what the gateway does from `act` on until `isDone` and it is idle again. Without `act`: of
   * the burst of activity in which `isDone` becomes true.
   */
  async burst(act, isDone) {
    const files = new Set();
    await act?.();
    const deadline = Date.now() + STORY_WITHIN_MS;
    for (let idleSamples = 0; ; await sleep(SAMPLE_MS)) {
      const sample = await this.#calledFiles();
      sample.forEach((file) => files.add(file));
      idleSamples = this.#isIdle(sample) ? idleSamples + 1 : 0;
      if (idleSamples === IDLE_SAMPLES) {
        if (isDone()) return files;
        if (!act) files.clear();
      }
      if (Date.now() > deadline) throw new Error(`The story does not end:\n${this.#output}`);
    }
  }

  async stop() {
    this.#inspector?.close();
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const stopped = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MS);
      await stopped;
      clearTimeout(timer);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #configuration({ servicesUrl, workers }) {
    return {
      ...productionSettings(this.#folder, servicesUrl),
      NOTIFICATION_SCHEDULE,
      RECONCILIATION_SCHEDULE,
      WORKERS: workers ? 'on' : 'off',
    };
  }

  async #ready() {
    this.#inspector = await Inspector.connect(await this.#printed(/ws:\/\/\S+/));
    await this.#inspector.send('Profiler.enable');
    await this.#inspector.send('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    this.#url = `http://${await this.#printed(/(?<="address":")[^"]+/)}`;
    await this.#learnClockwork();
  }

  async #learnClockwork() {
    const samples = new Map();
    await this.#calledFiles(); // those of the start
    for (let sample = 0; sample < LEARNING_SAMPLES; sample += 1) {
      await sleep(SAMPLE_MS);
      for (const file of await this.#calledFiles()) samples.set(file, (samples.get(file) ?? 0) + 1);
    }
    for (const [file, count] of samples) {
      if (count >= LEARNING_SAMPLES * CLOCKWORK_SHARE) this.#clockwork.add(file);
    }
  }

  #isIdle(sample) {
    return sample.isSubsetOf(this.#clockwork);
  }

  async #printed(pattern) {
    const deadline = Date.now() + START_WITHIN_MS;
    for (;;) {
      const found = pattern.exec(this.#output);
      if (found) return found[0];
      if (this.#child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`The gateway did not start:\n${this.#output}`);
      }
      await sleep(SAMPLE_MS);
    }
  }

  /** Since the last look: taking the coverage sets its counters to zero. */
  async #calledFiles() {
    const { result } = await this.#inspector.send('Profiler.takePreciseCoverage');
    return this.#sources.calledIn(result);
  }
}

/** A connection to the inspector of another process. */
class Inspector {
  #socket;
  #pending = new Map();
  #lastId = 0;

  static async connect(url) {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    return new Inspector(socket);
  }

  constructor(socket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const { id, result, error } = JSON.parse(data);
      const { resolve, reject } = this.#pending.get(id) ?? {};
      this.#pending.delete(id);
      if (error) reject?.(new Error(error.message));
      else resolve?.(result);
    });
    socket.addEventListener('close', () => {
      for (const { reject } of this.#pending.values()) reject(new Error('The gateway ended'));
    });
  }

  send(method, params = {}) {
    const { promise, resolve, reject } = Promise.withResolvers();
    const id = ++this.#lastId;
    this.#pending.set(id, { resolve, reject });
    this.#socket.send(JSON.stringify({ id, method, params }));
    return promise;
  }

  close() {
    this.#socket.close();
  }
}
