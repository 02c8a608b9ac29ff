import { spawn } from 'node:child_process'

/**
 * Runs a shell script, with `argument` as `$1`, when this process is gone without having said so: crashed or
 * killed, also by SIGKILL. Returns what says so.
 */
export function guard(script: string, argument: string): () => void {
  // The shell waits for a line. If we die the pipe ends without one.
  const child = spawn('/bin/sh', ['-c', `read -r line || { ${script}; }`, 'guard', argument], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const ignore = () => undefined
  child.on('error', ignore)
  child.stdin.on('error', ignore)
  child.unref()
  // A pipe is a Socket, although the type says only Writable. It must not keep us alive.
  if ('unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref()
  return () => child.stdin.end('done\n')
}

/** For a process with its own group (`detached`): it and what it started die when we do. */
export const guardGroup = (pid: number) => guard('kill -s KILL -- "-$1"', String(pid))
