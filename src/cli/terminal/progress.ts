/** One line that is written over and over, on a terminal; nothing elsewhere. */
export interface Progress {
  readonly shown: boolean;
  update(text: string): void;
  clear(): void;
}

interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export function progressOn(screen: Screen): Progress {
  const shown = screen.isTTY === true;
  let drawn = false;
  return {
    shown,
    update(text) {
      if (!shown) return;
      const width = (screen.columns || 80) - 1;
      screen.write(`\r\u001b[2K${text.length > width ? `${text.slice(0, width - 1)}…` : text}`);
      drawn = true;
    },
    clear() {
      if (drawn) screen.write('\r\u001b[2K');
      drawn = false;
    },
  };
}
