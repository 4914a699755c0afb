/**
 * What happens to a tab from outside: its process is stopped or killed, as systems do that suspend and that run out of memory.
 * No driver can do this in all engines; the operating system can.
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { Run } from './tab.js'

interface Process {
  readonly pid: number
  readonly parent: number
  /** Clock ticks that it has worked so far. */
  readonly worked: number
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: after the name in brackets come state, parent, … */
function readProcess(pid: string): Process | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return { pid: Number(pid), parent: Number(fields[1]), worked: Number(fields[11]) + Number(fields[12]) }
  } catch {
    // Gone meanwhile.
    return null
  }
}

/** All processes that this one has started, and those that they have; not the browsers themselves, which start others. */
function descendants(): Process[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(readProcess)
    .filter((found) => found !== null)
  const ours = new Set([process.pid])
  // A child may have a lower number than its parent.
  for (let before = 0; before < ours.size;) {
    before = ours.size
    for (const { pid, parent } of all) if (ours.has(parent)) ours.add(pid)
  }
  const parents = new Set(all.map(({ parent }) => parent))
  return all.filter(({ pid }) => ours.has(pid) && !parents.has(pid))
}

/** The process that runs a page: the one that works while the page does, whatever else still starts or ends meanwhile. */
export async function processOf(run: Run): Promise<number> {
  const before = new Map(descendants().map(({ pid, worked }) => [pid, worked]))
  for (let round = 0; round < 20; round++) {
    await run(() => {
      const until = performance.now() + 300
      while (performance.now() < until);
    })
    const [busiest, next] = descendants()
      .filter(({ pid }) => before.has(pid))
      .map(({ pid, worked }) => ({ pid, worked: worked - (before.get(pid) ?? 0) }))
      .sort((a, b) => b.worked - a.worked)
    if (busiest && busiest.worked > 20 && busiest.worked > 3 * (next?.worked ?? 0)) return busiest.pid
  }
  throw new Error('no process of the browser works as much as the page does')
}
