/**
 * What happens to a tab from outside: its process is stopped or killed, as systems do that suspend and that run out of memory.
 * No driver can do this in all engines; the operating system can.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { pause, type Run } from './tab.js'

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

/** How much each process works meanwhile. */
async function workOf(during: () => Promise<unknown>): Promise<Map<number, number>> {
  const before = new Map(descendants().map(({ pid, worked }) => [pid, worked]))
  await during()
  return new Map(descendants().map(({ pid, worked }) => [pid, worked - (before.get(pid) ?? worked)]))
}

/** The process that runs a page: the one that works when the page does and rests when it rests, unlike what still starts or paints. */
export async function processOf(run: Run): Promise<number> {
  const scores = new Map<number, number>()
  for (let round = 0; round < 30; round++) {
    const busy = await workOf(() =>
      run(() => {
        const until = performance.now() + 200
        while (performance.now() < until);
      }),
    )
    const resting = await workOf(() => pause(200))
    for (const [pid, worked] of busy) scores.set(pid, (scores.get(pid) ?? 0) + worked - (resting.get(pid) ?? 0))
    const [first, second] = [...scores].sort(([, a], [, b]) => b - a)
    if (first && first[1] > 15 && first[1] > 3 * (second?.[1] ?? 0)) return first[0]
  }
  throw new Error('no process of the browser works when the page does, and only then')
}

/** The process of Chromium that tells all others what was written into localStorage. */
export function storageProcess(): { suspend: () => void; wake: () => void } {
  const found = descendants().filter(({ pid }) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('storage.mojom.StorageService'),
  )
  const [storage] = found
  if (!storage || found.length > 1) throw new Error(`${found.length} processes of storage`)
  return {
    suspend: () => void process.kill(storage.pid, 'SIGSTOP'),
    wake: () => void process.kill(storage.pid, 'SIGCONT'),
  }
}
