import { otherPlaces, places } from './places.js';

/** A rate center as `coveredRateCenters` lists it. */
export interface SandboxRateCenter {
  id: string;
  name: string;
  abbreviation: string;
  state: string;
  lata: string;
}

/** The rate centers of all numbers that the sandbox can have, each with the name of a city in it. */
export function createRateCenters(): SandboxRateCenter[] {
  const all = new Map([...otherPlaces.values(), ...places].map((each) => [`${each.rateCenter} ${each.state}`, each]));
  return [...all.values()].map(({ city, state, rateCenter, lata }, n) => {
    return { id: String(3151 + n), name: city, abbreviation: rateCenter, state, lata };
  });
}
