import { readFile } from 'node:fs/promises'
import { fail, printStep } from '../core.ts'
import type { Options } from '../script.ts'

export const help = 'texts through the word filter, beside what the list itself says (--list FILE)'
export const needs = ['url', 'list'] as const
export const texts = 'TEXT…'

const maxGap = 5

/** Not the server's code: NFKC, case, and without what is neither letter, digit, `&` nor blank. */
const fold = (text: string) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}|\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/(?!&)[\p{P}\p{S}]/gu, '')
    .trim()

const escapePattern = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

const toPattern = (word: string) =>
  new RegExp(
    fold(word)
      .split('&')
      .filter((part) => part !== '')
      .map(escapePattern)
      .join(`.{0,${maxGap}}?`),
    'su',
  )

const readList = async (file: string): Promise<string[]> => {
  const list = await readFile(file, 'utf8').then(JSON.parse, () => fail(`--list: cannot read ${file}`))
  return Array.isArray(list) ? list.filter((word) => typeof word === 'string') : fail(`--list: not a list`)
}

export const run = async ({ url, list, texts }: Options) => {
  if (texts.length === 0) fail('expected a text, or several')
  const words = await readList(list)
  for (const text of texts) {
    const address = `${url.replace(/\/+$/, '')}/tests/wordfilter.php`
    const reply = await fetch(address, { method: 'POST', body: new URLSearchParams({ w: text }) }).catch(() =>
      fail(`${address} does not answer`),
    )
    const answer = (await reply.json().catch(() => fail('not JSON'))) as Record<string, unknown>
    if (answer.code !== 1_000_000 && answer.code !== 2_020_300) fail(`${answer.code} ${answer.msg}`)
    const isHit = answer.code === 2_020_300
    printStep('text', text)
    printStep('hit', String(isHit))
    printStep('masked', String(answer[1]))
    printStep('word', String(answer[2]))
    if (answer[0] !== isHit) fail(`"0" is ${answer[0]}, and the code is ${answer.code}`)
    const expected = words.find((word) => fold(word).length > 1 && toPattern(word).test(fold(text)))
    if (isHit !== (expected !== undefined)) {
      fail(
        `the list says ${expected === undefined ? 'clean' : `"${expected}"`}, the server the contrary: ${text}`,
      )
    }
  }
}
