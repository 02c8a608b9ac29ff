/** Which core serves and which one makes the load. */
import { execFileSync } from 'node:child_process'
import { findProgram } from '../test/programs.ts'

export type Cores = {
  /** Of the server under test alone. */
  server: number
  /** Of the load, this process and the databases. */
  load: number
}

/** Undefined: this machine has no taskset, or one core only. */
export const chooseCores = (): Cores | undefined => {
  const taskset = findProgram('taskset')
  if (taskset === undefined) return undefined
  const said = execFileSync(taskset, ['-cp', String(process.pid)], { encoding: 'utf8' })
  const allowed = listCores(said.slice(said.lastIndexOf(':') + 1))
  const [first, last] = [allowed.at(0), allowed.at(-1)]
  if (first === undefined || last === undefined || first === last) return undefined
  // Interrupts of devices tend to be served by the first.
  return { server: last, load: first }
}

/** `0-2,5` names four. */
export const listCores = (text: string): number[] =>
  text.split(',').flatMap((part) => {
    const [from = Number.NaN, to = from] = part.trim().split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, index) => from + index)
  })

/** This process and all that it starts from now on, unless it is put elsewhere. */
export const moveToCore = (core: number): void => {
  execFileSync('taskset', ['-acp', String(core), String(process.pid)], { stdio: 'ignore' })
}

/** The command, on a core of its own. */
export const onCore = (core: number | undefined, command: readonly string[]): string[] =>
  core === undefined ? [...command] : ['taskset', '-c', String(core), ...command]
