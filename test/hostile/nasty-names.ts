import fc from 'fast-check'
import { anyText } from './mutations.ts'

/** Names that mean something to a shell, to virsh, to XML or to a person. */
export const NASTY = [
  ...[
    "'",
    '"',
    '`',
    '$(reboot)',
    '`reboot`',
    '$HOME',
    ';',
    '; reboot',
    '&',
    '|',
    '>',
    '<',
    '*',
    '?',
    '[a]',
    '{a,b}',
    '~',
    '#',
    '!',
  ],
  ...[
    '-',
    '--',
    '--x',
    '-rf',
    '--inactive',
    '\\',
    "\\'",
    '\\n',
    '&lt;',
    '&amp;amp;',
    ']]>',
    'a;b',
    'a$b',
    'a*',
    'a b',
    ' ',
    '  ',
    '=',
    '%s',
    'ü',
    '日本',
    '🐦',
    "a'b",
    `a"b'c`,
    '',
  ],
]
/** Of pieces of them, with control characters and halves of letters. */
export const name = fc
  .array(fc.oneof(fc.constantFrom(...NASTY), fc.constantFrom('\n', '\t', '\r', '\u001b'), anyText(3)), { maxLength: 5 })
  .map((parts) => parts.join(''))
