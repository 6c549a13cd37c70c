import { ActButton } from './act-button.tsx';

interface CopyButtonProps {
  readonly children: string;
  /** What is copied. */
  readonly text: string;
  readonly about?: string;
  readonly kind?: 'small' | 'plain';
}

/** Puts a text where the reader can paste it from. */
export function CopyButton({ children, text, about, kind }: CopyButtonProps) {
  return (
    <ActButton act={() => copy(text)} about={about} kind={kind}>
      {children}
    </ActButton>
  );
}

async function copy(text: string): Promise<string> {
  // Only pages of https and of the machine itself may use the clipboard as it is meant.
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else {
    const field = document.createElement('textarea');
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand('copy');
    field.remove();
  }
  return `Copied: ${text}`;
}
