import { hostname } from 'node:os';
import type pg from 'pg';
import type { AlertSettings } from '../config.js';
import type { Database } from '../database/connect.js';
import { readSchemaState } from '../database/migrations.js';
import { inTransaction } from '../database/transaction.js';
import { InterruptedError, LedgerError, UsageError } from '../errors.js';
import { groupBy } from '../group-by.js';
import type { Log } from '../log.js';
import type { Redact } from '../redact.js';
import { whatItWaitsFor } from '../run/cause.js';
import { readNights } from '../schedule/read-nights.js';
import { type Channel, createChannels, describeSendFailure } from './channels.js';
import { claimFailures, claimOnce, claimRecoveries, localCause, settle } from './claims.js';
import { digestCause, readDigest, readDigestDay } from './digest.js';
import { failureMessage, type Message, type Names, recoveryMessage } from './message.js';
import { type NightPing, nightPings, readUnendedNights, sendPing } from './ping.js';
import type { Problem } from './problem.js';
import { readProblems } from './read-problems.js';

export interface AlertOptions extends Names {
  settings: AlertSettings;
  /** Zone in which a digest's day begins and ends. */
  timezone: string;
  log: Pick<Log, 'warn'>;
  redact: Redact;
  /**
   * Whether this process stays up: it then keeps a failure that may pass by itself for a while, and puts failures that
   * follow each other into one message. A process that ends soon reports everything at its end.
   */
  staysUp: boolean;
  /** Replaces the host's name; for tests. */
  host?: string;
  /** Milliseconds of this process's clock; for tests. */
  now?: () => number;
}

/** Tells the operators what fails and what has recovered. Nothing here ever throws: a failed alert is a warning. */
export interface Alerts {
  /** Whether anything is configured. */
  readonly isEnabled: boolean;
  /** Runs work that starts or plans runs, and remembers whether it fails, for the next `update`. */
  watch<T>(what: string, work: () => Promise<T>): Promise<T>;
  /** Sends what is due, according to the database. */
  update(database: Database): Promise<void>;
  /** The process ends soon: from now on, nothing waits. */
  end(): void;
  /** Sends that the database can't be used: once, and again after 24 hours. */
  databaseFailed(error: unknown): Promise<void>;
}

/** How long further causes of a topic wait after a message. */
const holdMs = 3_600_000;
/** How long a failure that is retried and may pass by itself isn't reported. */
const graceMs = 10 * 60_000;
const repeatMs = 24 * 3_600_000;
/** The job in both messages, that the database can't be used and that it can again: readers of the JSON match them by it. */
const databaseJob = 'the database';
/** It makes the table of what was sent. */
const alertsMigration = '0012-alerts';

/** A message and the rows of `alerts` that it settles. */
interface Outgoing {
  channel: Channel;
  message: Message;
  causes: readonly string[];
  event: 'alerted' | 'recovered';
}

/** What only this process knows. */
interface LocalFailure {
  error: Error;
  /** Milliseconds of this process's clock. */
  since: number;
}

export function createAlerts(options: AlertOptions): Alerts {
  const { settings, timezone, log, redact, host = hostname(), now = Date.now } = options;
  let { staysUp } = options;
  const channels = createChannels(settings);
  const failed = new Map<string, LocalFailure>();
  const resolved = new Set<string>();
  let down: (LocalFailure & { sentAt: Map<string, number> }) | undefined;
  /** By channel, since when the database could not be used, until the message that it can is sent. */
  const reachable = new Map<string, number>();
  let ledger: string | undefined;

  const send = async (channel: Channel, message: Message): Promise<boolean> => {
    try {
      await channel.send(message, ledger);
      return true;
    } catch (error) {
      log.warn(
        `The alert "${redact(message.title)}" could not be sent by ${channel.name}: ${redact(describeSendFailure(error))} ` +
          (staysUp ? 'It is tried again in a few minutes.' : 'The next run tries again.'),
      );
      return false;
    }
  };

  const localProblem = (what: string, { error, since }: LocalFailure): Problem => {
    const hint = error instanceof LedgerError ? error.hint : undefined;
    return {
      cause: localCause(host, what),
      topic: `start: ${error.name}`,
      account: '',
      job: what,
      since: new Date(since),
      lastSuccess: null,
      tables: [],
      error: redact(error.message),
      hint: hint === undefined ? null : redact(hint),
      nextAttempt: null,
      isHeld: staysUp && whatItWaitsFor(error.name) !== undefined && now() - since < graceMs,
    };
  };
  const localProblems = () => [...failed].map(([what, failure]) => localProblem(what, failure));

  /** Claims and composes everything that is due. One host at a time, so that none decides by what has just changed. */
  const collect = async (client: pg.PoolClient): Promise<{ outgoing: Outgoing[]; pings: NightPing[] }> => {
    await client.query(`select pg_advisory_xact_lock(hashtextextended('tn-ledger alerts', 0))`);
    const { rows } = await client.query<{ now: Date }>('select clock_timestamp() as now');
    const time = rows[0]?.now as Date;
    const nights = await readNights(client);
    const outgoing: Outgoing[] = [];
    const problems = [
      ...(channels.length > 0 ? await readProblems(client, nights, { now: time, graceMs: staysUp ? graceMs : 0 }) : []),
      ...localProblems(),
    ];
    const over = [...resolved].map((what) => localCause(host, what));
    const digestDay = channels.length > 0 ? await readDigestDay(client, nights, { now: time, timezone }) : undefined;
    for (const channel of channels) {
      const claim = { target: channel.name, holdMs: staysUp ? holdMs : 0, host };
      const due = await claimFailures(client, problems, claim);
      const dueProblems = problems.filter(({ cause }) => due.has(cause));
      for (const [topic, group] of groupBy(dueProblems, (problem) => problem.topic)) {
        const causes = [...new Set(group.map(({ cause }) => cause))];
        outgoing.push({ channel, causes, event: 'alerted', message: failureMessage(topic, group, options, time) });
      }
      const recovered = await claimRecoveries(client, { failing: problems, resolved: over }, claim);
      for (const group of groupBy(recovered, ({ topic }) => topic).values()) {
        const message = recoveryMessage(
          group.flatMap((each) => each.problems),
          options,
        );
        outgoing.push({ channel, causes: group.map(({ cause }) => cause), event: 'recovered', message });
      }
      if (digestDay === undefined || !(await claimOnce(client, digestCause(digestDay), channel.name))) continue;
      const digest = await readDigest(client, digestDay, options);
      const causes = [digestCause(digestDay)];
      if (digest === undefined) await settle(client, { target: channel.name, event: 'alerted', causes });
      else outgoing.push({ channel, causes, event: 'alerted', message: redacted(digest) });
    }
    return {
      outgoing,
      pings: settings.pingUrl === undefined || !options.staysUp ? [] : await collectPings(client, time),
    };
  };
  const collectPings = async (client: pg.PoolClient, time: Date): Promise<NightPing[]> => {
    const pings: NightPing[] = [];
    for (const ping of nightPings(await readNights(client, await readUnendedNights(client)), time, options)) {
      if (await claimOnce(client, ping.cause, 'ping')) pings.push(ping);
    }
    return pings;
  };
  const redacted = (message: Message): Message => ({ ...message, body: redact(message.body) });

  return {
    isEnabled: channels.length > 0 || settings.pingUrl !== undefined,
    async watch(what, work) {
      try {
        const result = await work();
        failed.delete(what);
        // Also after a restart: the database knows what this host reported before.
        resolved.add(what);
        return result;
      } catch (error) {
        const isOurs = error instanceof InterruptedError || (error instanceof UsageError && !staysUp);
        if (!isOurs && error instanceof Error) {
          failed.set(what, { error, since: failed.get(what)?.since ?? now() });
          resolved.delete(what);
        }
        throw error;
      }
    },
    async update(database) {
      ledger = database.describe;
      const { applied } = await readSchemaState(database);
      if (!applied.includes(alertsMigration)) {
        // Nothing has run in this database yet, and there is no table to keep what was sent.
        if (!staysUp) for (const channel of channels) await sendAll(channel, localProblems());
        return;
      }
      const { outgoing, pings } = await inTransaction(database, { repeatable: true }, collect);
      for (const { channel, message, causes, event } of outgoing) {
        if (await send(channel, message)) await settle(database.pool, { target: channel.name, event, causes });
      }
      for (const { cause, path, body } of pings) {
        const isSent = await sendPing(settings.pingUrl as string, path, body, { log, redact });
        if (isSent) await settle(database.pool, { target: 'ping', event: 'alerted', causes: [cause] });
      }
      for (const name of down?.sentAt.keys() ?? []) reachable.set(name, down?.since ?? now());
      down = undefined;
      for (const channel of channels) {
        const since = reachable.get(channel.name);
        if (since === undefined) continue;
        const run = { account: '', job: databaseJob, since: new Date(since) };
        if (await send(channel, recoveryMessage([run], options))) reachable.delete(channel.name);
      }
    },
    end() {
      staysUp = false;
    },
    async databaseFailed(thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      down ??= { error, since: now(), sentAt: new Map() };
      // What failed may have failed because of the database; if not, it fails again.
      failed.clear();
      if (staysUp && now() - down.since < graceMs) return;
      const { since, sentAt } = down;
      for (const channel of channels) {
        if (now() - (sentAt.get(channel.name) ?? Number.NEGATIVE_INFINITY) < repeatMs) continue;
        const problem = localProblem(databaseJob, { error, since });
        const message = failureMessage(problem.topic, [problem], options, new Date(now()));
        if (await send(channel, message)) sentAt.set(channel.name, now());
      }
    },
  };

  async function sendAll(channel: Channel, problems: readonly Problem[]): Promise<void> {
    for (const [topic, group] of groupBy(problems, (problem) => problem.topic)) {
      await send(channel, failureMessage(topic, group, options, new Date(now())));
    }
  }
}
