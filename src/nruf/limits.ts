/** Numbers may be held in reserve for a specific end user for so many days: 47 CFR 52.15(f)(1)(vi). */
export const longestReservedDays = 180;

/** Disconnected numbers age for at least so many days: FCC 18-177, in force since 27 July 2020; 47 CFR 52.15(f)(1)(ii). */
export const shortestAgingDays = 45;

/** Numbers of businesses may be kept from reassignment for so many days: 47 CFR 52.15(f)(1)(ii). */
export const longestAgingDays = 365;

/** Numbers of residential customers: the same rule. */
export const longestResidentialAgingDays = 90;
