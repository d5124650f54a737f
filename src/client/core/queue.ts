/** First in, first out, of items that may die while they wait; a dead one is passed over. */
export class Queue<Item extends { readonly state: string }> {
  /** Living items. */
  size = 0;
  private items: Item[] = [];
  private head = 0;

  push(item: Item): void {
    this.items.push(item);
    this.size++;
  }

  shift(): Item | undefined {
    this.skipDead();
    const item = this.items[this.head];
    if (item === undefined) return undefined;
    this.head++;
    this.size--;
    this.compact();
    return item;
  }

  /** Puts items back before all others, in their order. */
  unshift(items: readonly Item[]): void {
    if (items.length === 0) return;
    this.items = [...items, ...this.items.slice(this.head)];
    this.head = 0;
    this.size += items.length;
  }

  /** One of the items has left the state `queued` by itself. */
  forget(): void {
    this.size--;
    this.skipDead();
    this.compact();
  }

  /** The living, in order. */
  living(): Item[] {
    return this.items.slice(this.head).filter((item) => item.state === 'queued');
  }

  private skipDead(): void {
    for (;;) {
      const item = this.items[this.head];
      if (item === undefined || item.state === 'queued') return;
      this.head++;
    }
  }

  private compact(): void {
    if (this.head === this.items.length) {
      this.items.length = 0;
      this.head = 0;
    } else if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
  }
}
