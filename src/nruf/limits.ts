/** Numbers may be held in reserve for a specific end user for so many days: 47 CFR 52.15(f)(1)(vi). */
export const longestReservedDays = 180;

/** Numbers of businesses may be kept from reassignment for so many days, those of residences for 90: 47 CFR 52.15(f)(1)(ii). */
export const longestAgingDays = 365;
