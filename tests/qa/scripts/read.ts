import { open, stepOf } from '../../stranger/xxtea.ts'
import { fail, printStep, readDevice } from '../core.ts'
import type { Options } from '../script.ts'

export const help = 'opens a recorded j or reply: plain, or of --device FILE at that TIME (ISO or unix; now)'
export const needs = [] as const
export const texts = 'TEXT [TIME]'

const readTime = (time: string | undefined): number => {
  if (time === undefined) return Date.now()
  const milliseconds = /^\d+$/.test(time) ? 1_000 * Number(time) : Date.parse(time)
  return Number.isNaN(milliseconds) ? fail(`not a time: ${time}`) : milliseconds
}

const openWith = async (device: string, text: string, time: string | undefined): Promise<Buffer> => {
  const step = stepOf(readTime(time))
  const plain = open((await readDevice(device)).totp_secret, [step, step - 1, step + 1], text)
  return plain ?? fail('no key of that minute opens it: is it of this device, and is the time right?')
}

export const run = async ({ device, texts: [text = '', time] }: Options) => {
  const plain = device ? await openWith(device, text, time) : Buffer.from(text, 'base64url')
  const read = plain.toString()
  printStep('text', read.startsWith('{') ? read : fail('not plain JSON in base64url: name its --device'))
}
