/** Makes `config/common-passwords.bin`: SHA-1 sums of passwords that many people have, 20 bytes each, in order. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dictionary } from '@zxcvbn-ts/language-common'
import { fewestCharacters } from '../../src/protocol/password-quality.ts'

/** One on each line, in lower case: pinyin, numbers that sound like words, surnames with digits. */
const chinese = () =>
  readFileSync(new URL(import.meta.resolve('#root/tools/passwords/chinese.txt')), 'utf8').split('\n')

/** Shorter ones are refused for their length. */
const isLongEnough = (password: string) => Array.from(password).length >= fewestCharacters

export const composeCommonPasswords = (): Buffer => {
  const passwords = [...(dictionary['passwords-common'] ?? []), ...chinese()].map((text) =>
    text.toLowerCase(),
  )
  const sums = [...new Set(passwords)]
    .filter(isLongEnough)
    .map((password) => createHash('sha1').update(password).digest())
  return Buffer.concat(sums.sort(Buffer.compare))
}
