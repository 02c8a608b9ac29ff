/** Traditional to simplified characters, by the tables of OpenCC. */

type Convert = (text: string) => string

/** Takes a quarter of a second and some megabytes, so it is loaded where the configuration asks for it. */
export const loadSimplified = async (): Promise<Convert> => {
  const { Converter } = await import('opencc-js/t2cn')
  const convert: Convert = Converter({ from: 't', to: 'cn' })
  // One character at a time: a phrase in a word must be the same as in a text.
  return (text) => Array.from(text, convert).join('')
}
