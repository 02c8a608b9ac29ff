#!/usr/bin/env node
/** The process of the command line. */
import { createInterface } from 'node:readline/promises'
import { checkNode } from '#root/tools/check-node.mjs'

checkNode()
// Not before: an old Node could not read all of it.
const { main } = await import('./console/main.ts')

// The reader of a pipe may end before all is written: `torii app list | head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

/** Beside the answer, which may go into a file. */
const ask = async (question: string) => {
  const reader = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await reader.question(question)
  } finally {
    reader.close()
  }
}

const mostInput = 4_096

/** Bounded, since it may be any file. */
const readInput = async () => {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    parts.push(part)
    length += part.length
    if (length > mostInput) break
  }
  return Buffer.concat(parts)
}

process.exitCode = await main(process.argv.slice(2), {
  environment: process.env,
  folder: process.cwd(),
  print: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
  ask: process.stdin.isTTY ? ask : undefined,
  readInput: process.stdin.isTTY ? undefined : readInput,
})
