/** The longest time that a number may be reserved for a specific end user: 47 CFR 52.15(f)(1)(vi). */
export const longestReservedDays = 180;

/** The minimum aging period of disconnected numbers: FCC 18-177, in force since July 27, 2020; 47 CFR 52.15(f)(1)(ii). */
export const shortestAgingDays = 45;

/** The maximum aging period of business numbers: 47 CFR 52.15(f)(1)(ii). */
export const longestAgingDays = 365;

/** The maximum aging period of residential numbers: 47 CFR 52.15(f)(1)(ii). */
export const longestResidentialAgingDays = 90;
