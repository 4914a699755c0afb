/**
 * Whether this is the development build, which explains itself: errors have a sentence, and mistakes that do no harm are told in the
 * console. In the production build this is `false`, and bundlers drop what stands behind it. An error's code, the option or the
 * status it is about, and each check that guards a promise are in both. Whether arguments are of the kind that their types say is
 * checked in development alone (`arguments.ts`).
 */
export const DEVELOPMENT = true as boolean
