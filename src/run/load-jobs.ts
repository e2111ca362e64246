import type { Job } from './job.js';

/**
 * Loads jobs from a folder by name, without duplicates, in the given order. Files are discovered: no list needs an
 * entry.
 *
 * @throws {TypeError} naming the file, if it is missing or exports no job with its name
 */
export async function loadJobs(folder: URL, names: readonly string[]): Promise<Job[]> {
  return Promise.all([...new Set(names)].map((name) => loadJob(new URL(`${name}.js`, folder), name)));
}

async function loadJob(file: URL, name: string): Promise<Job> {
  const exported: Record<string, unknown> = await import(file.href).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new TypeError(`A resource names the job ${name}, but jobs/${name}.ts can't be loaded: ${cause.message}`, {
      cause,
    });
  });
  const job = Object.values(exported).find((value) => Object(value).name === name && 'run' in Object(value));
  if (job === undefined)
    throw new TypeError(`jobs/${name}.ts exports no job named ${name}. Rename the job or the file.`);
  return job as Job;
}
