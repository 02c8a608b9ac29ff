/** One script a name, as "highly restrictive" of UTS 39: letters of two scripts side by side imitate other names. */

/** Written together in Japanese, Korean and Chinese. */
const together = [
  ['Latin', 'Han', 'Hiragana', 'Katakana'],
  ['Latin', 'Han', 'Hangul'],
  ['Latin', 'Han', 'Bopomofo'],
]

/** Scripts in use today (UAX 31, tables 5 and 7). */
const alone = [
  ...['Arabic', 'Armenian', 'Bengali', 'Cyrillic', 'Devanagari', 'Ethiopic', 'Georgian', 'Greek', 'Gujarati'],
  ...['Gurmukhi', 'Hebrew', 'Kannada', 'Khmer', 'Lao', 'Malayalam', 'Myanmar', 'Oriya', 'Sinhala', 'Tamil'],
  ...['Telugu', 'Thaana', 'Thai', 'Tibetan'],
  ...['Adlam', 'Balinese', 'Bamum', 'Batak', 'Canadian_Aboriginal', 'Chakma', 'Cham', 'Cherokee', 'Javanese'],
  ...[
    'Kayah_Li',
    'Lepcha',
    'Limbu',
    'Lisu',
    'Mandaic',
    'Meetei_Mayek',
    'Mongolian',
    'New_Tai_Lue',
    'Newa',
    'Nko',
  ],
  ...[
    'Ol_Chiki',
    'Osage',
    'Saurashtra',
    'Sundanese',
    'Syloti_Nagri',
    'Syriac',
    'Tai_Le',
    'Tai_Tham',
    'Tai_Viet',
  ],
  ...['Tifinagh', 'Vai', 'Wancho', 'Yi'],
].map((script) => [script])

const patterns = [...together, ...alone].map((scripts) => {
  const letters = scripts.map((script) => `\\p{Script_Extensions=${script}}`).join('')
  return new RegExp(`^[\\p{Script=Common}\\p{Script=Inherited}${letters}]*$`, 'u')
})

export const isOneScript = (text: string): boolean => patterns.some((pattern) => pattern.test(text))
