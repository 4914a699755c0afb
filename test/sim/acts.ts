/** All acts of a world. */
import type { Act } from './act.js'
import { faultActs } from './fault-acts.js'
import { pageActs } from './page-acts.js'
import { userActs } from './user-acts.js'

const all = { ...pageActs, ...userActs, ...faultActs }

export type ActName = keyof typeof all
export const acts: Readonly<Record<ActName, Act>> = all
export const actNames = Object.keys(all) as ActName[]
