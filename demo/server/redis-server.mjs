import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'

/**
 * Debian has one binary for the server and its tools, in the package redis-tools. The package redis-server adds a link to it, and
 * a service that starts with the machine, which the demo does not need.
 */
const PLACES = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/usr/bin/redis-check-rdb']

/** @returns {string | undefined} the path of a Redis server's binary; `$REDIS_SERVER` takes the place of all others */
export const findRedisServer = () =>
  env.REDIS_SERVER ? [env.REDIS_SERVER].find(existsSync) : PLACES.find((path) => existsSync(path))

/** Only the server keeps the output open, so that the output closes when the server ends. */
const SCRIPT = `
folder=$1
shift
"$@" &
exec >/dev/null 2>&1
read -r _
kill $!
wait
rm -rf "$folder"`

/**
 * Starts a Redis server of our own: in memory alone, on a socket in a folder of its own, on no port.
 *
 * It stops with this process, even if that is killed: a shell waits for its standard input to close.
 *
 * @param {string} program
 * @returns {Promise<{ socket: string, stop(): Promise<void> }>}
 */
export async function startRedisServer(program) {
  const folder = await mkdtemp(join(tmpdir(), 'sojourn-redis-'))
  const socket = join(folder, 'socket')
  // The binary is a server or a tool, depending on the name under which it is started.
  const server = join(folder, 'redis-server')
  await symlink(program, server)
  const options = ['--port', '0', '--unixsocket', socket, '--unixsocketperm', '700']
  const memoryOnly = ['--save', '', '--appendonly', 'no', '--dir', folder]
  const child = spawn('sh', ['-c', SCRIPT, 'sh', folder, server, ...options, ...memoryOnly], {
    // A process group of its own: Ctrl+C must not reach it.
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const stop = async () => {
    const gone = child.exitCode === null ? once(child, 'exit') : null
    child.stdin.end()
    await gone
  }
  let said = ''
  await new Promise((resolve, reject) => {
    // Once it is ready, its log is discarded.
    let isReady = false
    child.stdout.setEncoding('utf8').on('data', (text) => {
      if (isReady) return
      said += text
      isReady = /ready to accept connections/i.test(said)
      if (isReady) resolve()
    })
    child.stdout.on('close', () => reject(new Error(`Redis did not start:\n${said}`)))
    child.on('error', reject)
  }).catch(async (error) => {
    await stop()
    throw error
  })
  return { socket, stop }
}
