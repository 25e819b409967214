import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter } from '../../src/peer/line-splitter.ts';

function split(chunks: readonly Uint8Array[], maxLineBytes = 1000): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line), maxLineBytes);
  for (const chunk of chunks) splitter.push(Buffer.from(chunk));
  return lines;
}

test('lines come out whole, wherever the chunks are cut', () => {
  const lines = ['{"a":"Ångström 🦊"}', '{}', '{"b":1}'];
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      const chunks = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
      expect(split(chunks)).toEqual(lines);
    }),
  );
});

test('a line that has not ended is none yet', () => {
  expect(split([Buffer.from('one\ntw')])).toEqual(['one']);
});

test('empty lines and CR LF', () => {
  expect(split([Buffer.from('\n\none\r\n\r\ntwo\n')])).toEqual(['one', 'two']);
});

test('a line too long is cut, the next one is whole', () => {
  const long = Buffer.alloc(50, 'x');
  expect(split([long, long, Buffer.from('\nnext\n')], 60)).toEqual(['x'.repeat(60), 'next']);
});
