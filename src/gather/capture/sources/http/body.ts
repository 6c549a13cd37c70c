import { decodeContent } from '../../../../base/content-coding.ts';
import { SluiceError } from '../../../../base/errors.ts';

/**
 * A body without its content codings.
 * @param codings `Content-Encoding`
 * @throws SluiceError reading_invalid for a coding that is not known and a body that is not of its coding;
 * answer_too_large where more than `maxBytes` come out
 */
export async function decodeBody(body: Buffer, codings: string, maxBytes: number): Promise<Buffer> {
  const decoded = await decodeContent(body, codings, maxBytes);
  if (Buffer.isBuffer(decoded)) return decoded;
  const { fault, coding, cause } = decoded;
  switch (fault) {
    case 'unknown':
      throw new SluiceError('reading_invalid', `it answers in the coding "${coding.slice(0, 40)}"`);
    case 'too large':
      throw new SluiceError('answer_too_large', 'it answers too much', { cause });
    case 'broken':
      throw new SluiceError('reading_invalid', `its answer is no whole ${coding}`, { cause });
  }
}
