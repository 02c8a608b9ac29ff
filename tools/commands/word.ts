/** `torii word`: the lists of the word filter. */
import { type Command, Option } from 'commander'
import { listNames } from '../../src/features/words/filter.ts'
import { sourceNames } from '../../src/features/words/source.ts'
import { type Context, describe } from '../console/context.ts'
import { importLists } from '../word/import.ts'
import { clearList, exportList, reloadLists, showLists, showStats, testText } from '../word/show.ts'

const listOption = () => new Option('--list <name>', 'which list').choices(listNames).default('deny')
const inputOption = () =>
  new Option('--to <source>', 'where the list is; else words.source').choices(sourceNames)

export const register = (program: Command, context: Context) => {
  const word = describe(program.command('word'), 'The lists of the word filter', 'torii word list')
  describe(
    word.command('import'),
    'Reads lists of words, one on each line, into a list of the filter',
    'torii word import words.txt',
    'torii word import --list allow --append good.txt',
    'curl -s https://lists.example/words.txt | torii word import - --to redis',
    'torii word import words.txt --out words.json    (what tools/filterwords_txt2json did)',
  )
    .argument('<file...>', 'UTF-8, UTF-16 with a byte order mark, or GB18030; - is the standard input')
    .addOption(listOption())
    .addOption(inputOption())
    .option('--out <file>', 'write the words to a file as JSON, and change no list')
    .option('--append', 'keep the words that are in the list')
    .addOption(
      new Option('--replace', 'drop the words that are in the list (this is the default)').conflicts(
        'append',
      ),
    )
    .option('--cut <text>', 'what stands behind it on a line is a note; else words.cut')
    .option('--show-skipped', 'tell each line that is left out, and why')
    .option('--dry-run', 'read only')
    .action((files: string[], options) => importLists(context, files, options))
  describe(word.command('export'), 'Prints a list, one word on each line', 'torii word export > words.txt')
    .addOption(listOption())
    .action(({ list }) => exportList(context, list))
  describe(word.command('test'), 'Checks a text', 'torii word test "some text"')
    .argument('<text>', 'the text')
    .action((text: string) => testText(context, text))
  describe(word.command('list'), 'Lists the lists', 'torii word list').action(() => showLists(context))
  describe(
    word.command('stats'),
    'Shows what the filter is made of, and its hits',
    'torii word stats',
  ).action(() => showStats(context))
  describe(word.command('clear'), 'Empties a list', 'torii word clear --list allow')
    .addOption(listOption())
    .addOption(inputOption())
    .action(({ list, to }) => clearList(context, list, to))
  describe(word.command('reload'), 'Makes running servers read their lists anew', 'torii word reload').action(
    () => reloadLists(context),
  )
}
