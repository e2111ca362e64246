import { coveredRateCenters } from '../src/dashboard/resources/covered-rate-centers.js';
import type { Job } from '../src/run/job.js';
import { rateCentersCost, syncRateCenters as sync } from '../src/sync/rate-centers.js';

/** The names and abbreviations of rate centers: once a month, by whichever account comes first. */
export const syncRateCenters: Job = { ...coveredRateCenters.job, cost: rateCentersCost, run: sync };
